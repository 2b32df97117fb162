// Search shows a few words of each page that it finds; what is folded is not among them.
// The script of the search is loaded after this one.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const textOf = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll("details.answer, details.hide").forEach((fold) => fold.remove());
    return textOf(page.documentElement.outerHTML, anchor);
  };
});
