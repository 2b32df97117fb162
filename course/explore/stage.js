(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // Whether a step is in a list such as "2 5-7 9-".
  function has(list, step) {
    return list.split(" ").some((range) => {
      const [first, last] = range.split("-");
      return step >= +first && step <= (last === undefined ? +first : +last || Infinity);
    });
  }

  // A scene without its folds: the figure, and the bodies of the steps in one place.
  function unfold(scene) {
    const folds = [...scene.querySelectorAll(":scope > .x-step")];
    const words = folds.map((fold) => fold.querySelector("span"));
    const bodies = folds.map((fold) => {
      fold.querySelector("summary").remove();
      return make("div", {}, ...fold.childNodes);
    });
    const whole = make("div", { className: "x-scene" });
    whole.append(scene.querySelector(":scope > .x-figure"));
    whole.append(make("div", { className: "x-bodies" }, ...bodies));
    scene.replaceWith(whole);
    return { whole, words, bodies };
  }

  function begin(root) {
    root.dataset.on = "";
    const scenes = [...root.querySelectorAll(".x-scene")].map(unfold);
    const picks = [...root.querySelectorAll("select")];
    const back = make("button", { type: "button", textContent: "← Back" });
    const next = make("button", { type: "button", textContent: "Next →" });
    const slider = make("input", { type: "range", min: 1, step: 1, value: 1, ariaLabel: "Step" });
    const count = make("span");
    const words = make("p", { className: "x-words", ariaLive: "polite", ariaAtomic: "true" });
    const bar = make("div", { className: "x-bar" }, back, next, slider, count);
    scenes[0].whole.before(bar, words);
    let step = 1;
    let places = new Map();

    // Scenes stand in the order of their choices, the last one changing first.
    function chosen() {
      const place = (sum, pick) => sum * pick.options.length + pick.selectedIndex;
      return scenes[picks.reduce(place, 0)];
    }

    function show(wanted) {
      const scene = chosen();
      const last = scene.bodies.length;
      step = Math.min(Math.max(wanted, 1), last);
      for (const other of scenes) other.whole.hidden = other !== scene;
      scene.bodies.forEach((body, place) => body.toggleAttribute("data-far", place + 1 !== step));
      for (const element of scene.whole.querySelectorAll("[data-now]")) {
        if (has(element.dataset.now, step)) element.setAttribute("aria-current", "step");
        else element.removeAttribute("aria-current");
      }
      for (const element of scene.whole.querySelectorAll("[data-shown]"))
        element.toggleAttribute("data-far", !has(element.dataset.shown, step));
      words.replaceChildren(...scene.words[step - 1].cloneNode(true).childNodes);
      slider.max = last;
      slider.value = step;
      slider.ariaValueText = `${step} of ${last}: ${words.textContent}`;
      count.textContent = `${step} / ${last}`;
      bar.hidden = last === 1;
      back.ariaDisabled = step === 1;
      next.ariaDisabled = step === last;
      move(scene);
      scene.whole.querySelectorAll(".x-panel").forEach(scroll);
    }

    // Elements with the same word glide from where the last one stood.
    function move(scene) {
      const before = places;
      const origin = root.getBoundingClientRect();
      places = new Map();
      for (const element of scene.whole.querySelectorAll("[data-same]")) {
        if (element.closest("[data-far]")) continue;
        const { left, top } = element.getBoundingClientRect();
        const place = { left: left - origin.left, top: top - origin.top };
        places.set(element.dataset.same, place);
        const old = before.get(element.dataset.same);
        if (!old || still.matches) continue;
        const from = `translate(${old.left - place.left}px, ${old.top - place.top}px)`;
        element.animate([{ transform: from }, { transform: "none" }], { duration: 500, easing: "ease" });
      }
    }

    // A panel that is too large can be moved with keys.
    function reach(panel) {
      const fits = (whole, shown) => whole <= shown + 1;
      if (fits(panel.scrollHeight, panel.clientHeight) && fits(panel.scrollWidth, panel.clientWidth))
        panel.removeAttribute("tabindex");
      else panel.tabIndex = 0;
      panel.dataset.lmSuppressShortcuts = "true";
    }

    // A panel that is too long shows what is highlighted.
    function scroll(panel) {
      if (panel.scrollHeight <= panel.clientHeight) return;
      const all = [...panel.querySelectorAll("[aria-current]")];
      if (!all.length) return;
      const { top, bottom } = panel.getBoundingClientRect();
      const above = all[0].getBoundingClientRect().top - top - 40;
      const below = all.at(-1).getBoundingClientRect().bottom - bottom + 10;
      if (above < 0 || below > 0) panel.scrollTop += Math.min(above, Math.max(below, 0)) || above;
    }

    const keys = {
      ArrowRight: () => step + 1, ArrowUp: () => step + 1, PageUp: () => step + 1,
      ArrowLeft: () => step - 1, ArrowDown: () => step - 1, PageDown: () => step - 1,
      Home: () => 1, End: () => Infinity,
    };
    root.addEventListener("keydown", (event) => {
      // The notebook around must not take keys that are meant for a control.
      event.stopPropagation();
      const to = keys[event.key];
      const own = event.target.matches("select") || event.ctrlKey || event.altKey || event.metaKey;
      const moves = event.target.matches(".x-panel") && !/Left|Right/.test(event.key);
      if (!to || own || moves) return;
      event.preventDefault();
      show(to());
    });
    back.addEventListener("click", () => show(step - 1));
    next.addEventListener("click", () => show(step + 1));
    slider.addEventListener("input", () => show(+slider.value));
    for (const pick of picks) {
      pick.parentElement.hidden = false;
      pick.addEventListener("change", () => show(step));
    }
    for (const control of [back, next, slider, ...picks])
      control.dataset.lmSuppressShortcuts = "true";
    show(1);
    new ResizeObserver(() => root.querySelectorAll(".x-panel").forEach(reach)).observe(root);
  }

  document.querySelectorAll('[data-k="@key@"]:not([data-on])').forEach(begin);
})();
