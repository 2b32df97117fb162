/* The button that autogrades all submissions of an assignment, and the bar of the run. */
(function () {
"use strict";

const POLL = 1000;
const address = base_url + "/formgrader/api/assignment/" + encodeURIComponent(assignment_id) + "/autograde_all";
let wasRunning = false;

function show(run) {
    const section = $("#autograde-all");
    section.find("button, input").prop("disabled", run.is_running);
    section.find("[role=status]").text(run.sentence);
    const bar = section.find(".progress-bar");
    section.find(".progress").prop("hidden", !run.is_running);
    bar.toggleClass("progress-bar-striped active", run.is_running);
    bar.attr({"aria-valuemax": run.total, "aria-valuenow": run.done, "aria-valuetext": run.sentence});
    bar.css("width", (run.total ? 100 * Math.max(run.done, 0.02 * run.total) / run.total : 100) + "%");
    bar.text(run.total ? run.done + " / " + run.total : "");
    const rows = run.failed.map(function (failed) {
        return $("<tr/>").append([failed.student, failed.file, failed.why].map(function (text) {
            return $("<td/>").text(text);
        }));
    });
    section.find("table").prop("hidden", !rows.length).find("tbody").empty().append(rows);
    section.find("details").prop("hidden", !run.log).find("pre").text(run.log);
}

function poll() {
    // nbgrader's scripts add this header to other requests only; a JupyterHub wants it in all.
    $.ajax(address, {dataType: "json", headers: {"X-CSRFToken": getCookie("_xsrf")}}).done(function (run) {
        show(run);
        if (run.is_running) {
            wasRunning = true;
            setTimeout(poll, POLL);
        } else if (wasRunning) {
            wasRunning = false;
            models.fetch({success: function () {
                views.forEach(function (view) { view.render(); });
            }});
        }
    }).fail(function () {
        $("#autograde-all [role=status]").text("The server does not answer. Trying again …");
        setTimeout(poll, 2 * POLL);
    });
}

function start() {
    const section = $("#autograde-all");
    section.find("button").prop("disabled", true);
    $.post(address, JSON.stringify({again: section.find("input").prop("checked")})).done(function () {
        wasRunning = true;
        poll();
    }).fail(function (response) {
        createModal("error-modal", "Error", $("<p/>").text(
            (response.responseJSON || {}).message || "The server does not answer. Try again."
        ));
        poll();
    });
}

$(window).on("load", function () {
    $("#autograde-all button").click(start);
    poll();
});
})();
