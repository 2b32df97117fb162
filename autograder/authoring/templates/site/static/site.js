// Search shows a few words of each page that it finds; what is folded is not among them.
if (typeof Search !== "undefined") {
  const textOf = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll("details.answer, details.hide").forEach((fold) => fold.remove());
    return textOf(page.documentElement.outerHTML, anchor);
  };
}
