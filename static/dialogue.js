// A dialogue in the console: the field is emptied when an answer is there, the last words stay
// in sight, a suggestion is said at a click.
"use strict";

{
  const form = document.querySelector("[data-dialogue]");
  const field = form.querySelector("[name=utterance]");

  document.addEventListener("click", (e) => {
    const button = e.target.closest?.("[data-say]");
    if (!button) return;
    field.value = button.dataset.say;
    form.requestSubmit();
  });

  form.addEventListener("htmx:afterRequest", (e) => {
    if (!e.detail.successful) return;
    field.value = "";
    document.querySelector("[data-dialogue-start]")?.remove();
  });

  document.addEventListener("htmx:afterSettle", (e) => {
    if (!e.target.closest?.("#transcript")) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const last = document.querySelector("#transcript > :last-child");
    last?.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    field.focus({ preventScroll: true });
  });
}
