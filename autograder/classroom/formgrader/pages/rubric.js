/* Rubrics beside written answers, and saving that loses nothing when the network is slow.

The comment says which lines of a rubric were chosen: these lines are its first lines. So nothing
else has to be stored, and a comment that somebody edits stays right.
*/
(function () {
"use strict";

// nbgrader's script waits for MathJax, without which our pages draw formulas.
window.MathJax = window.MathJax || {Hub: {Startup: {signal: {Interest: function (call) { call("End"); }}}}};

/* Saving */

const RETRY = 2000;
const unsaved = new Set();
let waiting = [];

/* One request at a time for each grade and comment: answers that overtake each other, or that come
while somebody goes on, would undo the newer change. */
function send(model, save) {
    unsaved.add(model);
    model.later = {};
    save.call(model, {}, {
        success: function () {
            model.arrives = false;
            if (!_.isEmpty(model.later)) {
                send(model, save);
                return;
            }
            unsaved.delete(model);
            if (!unsaved.size) {
                const calls = waiting;
                waiting = [];
                calls.forEach(function (call) { call(); });
            }
        },
        error: function () {
            tell("Not saved yet: the server does not answer. Trying again …");
            setTimeout(function () { send(model, save); }, RETRY);
        },
    });
}

for (const Model of [Grade, Comment]) {
    const save = Model.prototype.save;
    Model.prototype.save = function (changes) {
        this.set(changes);
        Object.assign(this.later || {}, changes);
        if (!unsaved.has(this)) {
            send(this, save);
        }
    };
    Model.prototype.parse = function (response) {
        this.arrives = Boolean(this.later); // not at the first load
        return Object.assign({}, response, this.later);
    };
}

// What is being typed stays when an answer of the server arrives.
for (const View of [GradeUI, CommentUI]) {
    const render = View.prototype.render;
    View.prototype.render = function () {
        const field = document.activeElement;
        const typed = this.model.arrives && this.el && this.el.contains(field) && field.value;
        render.call(this);
        if (typed) {
            field.value = typed;
        }
        if (this.$comment) {
            autosize.update(this.$comment);
        }
    };
}

function whenSaved(call) {
    if (unsaved.size) {
        waiting.push(call);
    } else {
        call();
    }
}

FormGrader.prototype.save = function (call) {
    document.activeElement.blur(); // which saves what was typed
    whenSaved(call);
};

window.addEventListener("beforeunload", function (event) {
    if (unsaved.size) {
        event.preventDefault(); // the browser asks whether to leave
    }
});

function tell(words) {
    $("#statusmessage").stop(true, true).css("color", "rgba(255, 0, 0, 0.6)").text(words).show().delay(RETRY).fadeOut();
}

/* Rubrics */

function Rubric(section, grade, comment) {
    const boxes = $(section).find("input").get();
    const buttons = $(section).find("button").get();
    const texts = boxes.map(function (box) { return box.value; });
    const gave = {}; // the points that a line has added, if not all of them fitted
    let before = null; // the points before the first line

    /* The chosen lines, and the rest of the comment. */
    function parts() {
        const lines = (comment.get("manual_comment") || "").split("\n");
        return {
            chosen: texts.filter(function (text) { return lines.includes(text); }),
            rest: lines.filter(function (line) { return !texts.includes(line); }).join("\n").trim(),
        };
    }

    function write(chosen, rest) {
        const blocks = [chosen.join("\n"), rest].filter(Boolean);
        comment.save({manual_comment: blocks.join("\n\n") || null});
    }

    function choose(box) {
        const {chosen, rest} = parts();
        const kept = texts.filter(function (text) {
            return text === box.value ? box.checked : chosen.includes(text);
        });
        const score = grade.get("manual_score");
        if (!chosen.length) {
            before = score;
        }
        const points = Number(box.dataset.points);
        const change = box.checked ? points : -(gave[box.value] ?? points);
        const sum = Math.round(1e6 * (Number(score) + change)) / 1e6;
        const now = Math.min(Math.max(sum, 0), grade.get("max_score"));
        gave[box.value] = now - Number(score);
        write(kept, rest);
        grade.save({manual_score: !kept.length && now === 0 ? before : now});
        $(section).find("[role=status]").text("Points: " + now);
    }

    function render() {
        const {chosen, rest} = parts();
        boxes.forEach(function (box) {
            box.checked = chosen.includes(box.value);
            box.disabled = false;
        });
        buttons.forEach(function (button) {
            button.disabled = rest.includes(button.textContent);
        });
    }

    boxes.forEach(function (box) {
        box.addEventListener("change", function () { choose(box); });
    });
    buttons.forEach(function (button) {
        button.addEventListener("click", function () {
            const {chosen, rest} = parts();
            write(chosen, [rest, button.textContent].filter(Boolean).join("\n\n"));
        });
    });
    comment.on("change", render);
    comment.on("sync", function () { newest(comment.get("name"), parts().rest); });
    const order = newest(comment.get("name"));
    _.sortBy(buttons, function (button) {
        return (order.indexOf(button.textContent) + order.length + 1) % (order.length + 1);
    }).forEach(function (button) { button.parentElement.parentElement.append(button.parentElement); });
    render();
}

/* The comments on a question, the newest first: the gradebook has no times, so the browser keeps
the order. It adds one if it is given. */
function newest(cell, comment) {
    const key = ["autograder", assignment_id, notebook_id, cell].join("/");
    let comments = [];
    try {
        comments = JSON.parse(localStorage.getItem(key)) || [];
        if (comment) {
            comments = [comment].concat(_.without(comments, comment)).slice(0, 50);
            localStorage.setItem(key, JSON.stringify(comments));
        }
    } catch (error) {
        // Without storage, the comments have the order of the page.
    }
    return comments;
}

function loaded(collection) {
    return new Promise(function (resolve) { collection.once("sync", resolve); });
}

$(function () {
    $(".rubric").each(function () {
        $(this).prev().find(".panel-body").addClass("with-rubric").append(this);
    });
    // In a rubric, Tab and Enter do what they do in any form.
    $(".rubric").on("keydown", function (event) {
        if (["Tab", "Enter"].includes(event.key) && !event.ctrlKey) {
            event.stopPropagation();
        }
    });
    $("nav").on("click", "li.previous a, li.next a", function (event) {
        const address = this.href;
        event.preventDefault();
        formgrader.save(function () { window.location = address; });
    });
});

$(window).on("load", function () {
    Promise.all([loaded(formgrader.grades), loaded(formgrader.comments)]).then(function () {
        $(".rubric").each(function () {
            const name = this.dataset.cell;
            const grade = formgrader.grades.findWhere({name: name});
            const comment = formgrader.comments.findWhere({name: name});
            if (grade && comment) {
                Rubric(this, grade, comment);
            }
        });
    });
});
})();
