// Splits the boxes into two columns that end on one line. A box is cut only where that evens the
// columns out by more than a few lines. Without scripts, the style sheet balances as well as it can.
const main = document.querySelector("main");
const boxes = [...main.querySelectorAll(":scope > section")].slice(1);
const parts = boxes.flatMap(box => [...box.children].map((part, n) => ({ part, box, cut: n > 0 })));
const heights = parts.map(({ part, cut }) => part.getBoundingClientRect().height + (cut ? 0 : 8));
const total = heights.reduce((sum, height) => sum + height, 0);
let best = { cost: Infinity }, left = 0;
parts.forEach(({ cut }, at) => {
  const orphaned = cut && parts[at - 1].part.querySelector("h2:last-child");
  const cost = Math.abs(total - 2 * left) + (cut ? 40 : 0);
  if (cost < best.cost && !orphaned) best = { cost, at };
  left += heights[at];
});
const columns = [0, 1].map(() => Object.assign(document.createElement("div"), { className: "column" }));
parts.forEach(({ part, box }, at) => {
  const column = columns[at < best.at ? 0 : 1];
  if (column.lastChild?.box !== box)
    column.append(Object.assign(document.createElement("section"), { box }));
  column.lastChild.append(part);
});
boxes.forEach(box => box.remove());
main.append(...columns);
main.classList.add("even");
