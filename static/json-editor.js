// Colours and line numbers for a textarea with JSON. The textarea stays what it is, so typing,
// undo, screen readers and sending work as ever; two boxes behind and beside it follow.
"use strict";

const startJsonEditor = (editor) => {
  const input = editor.querySelector("textarea");
  const colors = editor.querySelector("[data-colors]");
  const lines = editor.querySelector("[data-lines]");
  const MOST_COLORED = 300_000; // Beyond, colouring would slow the typing down.
  const PART = /("(?:[^"\\\n]|\\.)*"?)(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b|[^"\d\-tfn]+|./gs;

  const piece = (text, kind) => {
    const element = document.createElement("span");
    element.className = kind;
    element.textContent = text;
    return element;
  };

  const colored = (text) => {
    const all = document.createDocumentFragment();
    for (const [whole, string, colon, number, word] of text.matchAll(PART)) {
      if (string && colon) all.append(piece(string, "json-key"), colon);
      else if (string) all.append(...withSlots(string));
      else if (number || word) all.append(piece(whole, "json-number"));
      else all.append(whole);
    }
    return all;
  };

  // {slots} of sample utterances stand out within their text.
  const withSlots = (string) =>
    string.split(/(\{[^{}"]*\})/).map((part) => piece(part, part[0] === "{" ? "json-slot" : "json-text"));

  const marked = () =>
    new Map(
      [...document.querySelectorAll("[data-goto-line]")]
        .reverse()
        .map((link) => [Number(link.dataset.gotoLine), link.dataset.severity]),
    );

  const number = () => {
    const bad = marked();
    const all = document.createDocumentFragment();
    const count = input.value.split("\n").length;
    let run = "";
    for (let line = 1; line <= count; line += 1) {
      if (bad.has(line)) all.append(run, piece(String(line), `code-${bad.get(line)}`));
      run = bad.has(line) ? "\n" : `${run}${line}\n`;
    }
    all.append(run);
    lines.replaceChildren(all);
  };

  const follow = () => {
    colors.scrollTop = lines.scrollTop = input.scrollTop;
    colors.scrollLeft = input.scrollLeft;
  };

  const draw = () => {
    const plain = input.value.length > MOST_COLORED;
    editor.classList.toggle("is-colored", !plain);
    colors.replaceChildren(plain ? "" : colored(input.value), "\n");
    number();
    follow();
  };

  // Browsers report a long paste line by line; it is drawn once.
  let waiting = false;
  const drawSoon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };

  const goTo = (line) => {
    const before = input.value.split("\n").slice(0, line - 1).join("\n");
    const start = line > 1 ? before.length + 1 : 0;
    const end = input.value.indexOf("\n", start);
    input.focus();
    input.setSelectionRange(start, end < 0 ? input.value.length : end);
    const height = parseFloat(getComputedStyle(input).lineHeight);
    input.scrollTop = Math.max(0, (line - 1) * height - input.clientHeight / 3);
    input.scrollLeft = 0;
    editor.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("click", (e) => {
    const link = e.target.closest("[data-goto-line]");
    if (!link) return;
    e.preventDefault();
    goTo(Number(link.dataset.gotoLine));
  });
  document.addEventListener("htmx:afterSwap", () => editor.isConnected && number());
  input.addEventListener("input", drawSoon);
  input.addEventListener("scroll", follow);
  draw();
};

// A long document comes after its page.
document.addEventListener("htmx:load", (e) => {
  const editor = e.detail.elt.querySelector("[data-json-editor]:not(.is-started)");
  editor?.classList.add("is-started");
  if (editor) startJsonEditor(editor);
});
