// What plain HTML and htmx cannot do. Every behaviour hangs on a data- attribute, so that
// pieces of a page that htmx brings later need no set-up of their own.
"use strict";

const on = (event, selector, handle) =>
  document.addEventListener(event, (e) => {
    const element = e.target.closest?.(selector);
    if (element) handle(element, e);
  });

// --- theme -------------------------------------------------------------------------------

on("click", "[data-theme-set]", (button) => window.chooseTheme(button.dataset.themeSet));

// --- copy to the clipboard ---------------------------------------------------------------

on("click", "[data-copy]", async (button) => {
  const source = document.querySelector(button.dataset.copy);
  const text = source.value ?? source.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS there is no clipboard access: select it, so that Ctrl-C copies.
    window.getSelection().selectAllChildren(source);
    return;
  }
  announce("Copied.");
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1500);
});

const announce = (text) => {
  document.getElementById("announcer").textContent = text;
};

// --- forms -------------------------------------------------------------------------------

// A double click must not send a form twice.
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) e.preventDefault();
  form.dataset.sent = "yes";
  form.querySelector("[type=submit]")?.classList.add("disabled");
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("[data-once]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelector("[type=submit]")?.classList.remove("disabled");
  });
});

on("change", "[data-submit-on-change]", (field) => field.form.requestSubmit());

// What a new skill is called when its fields are left empty: as the template that is chosen.
const showNames = () => {
  const chosen = document.querySelector("[data-called]:checked");
  if (!chosen) return;
  document.getElementById("id_name").placeholder = chosen.dataset.called;
  document.getElementById("id_invocation_name").placeholder = chosen.dataset.invoked;
};
on("change", "[data-called]", showNames);
document.addEventListener("DOMContentLoaded", showNames);
document.addEventListener("htmx:afterSettle", showNames);

// Escape leaves an inline edit as its Cancel link does.
on("keydown", "[data-inline-edit]", (row, e) => {
  if (e.key === "Escape") row.querySelector("[data-cancel]").click();
});

// Several lines pasted into a one-line field go to the form for several lines.
on("paste", "[data-many]", (field, e) => {
  const text = e.clipboardData.getData("text").trim();
  if (!/[\r\n]/.test(text)) return;
  e.preventDefault();
  const many = document.querySelector(field.dataset.many);
  many.closest("details").open = true;
  many.value = [many.value.trim(), text].filter(Boolean).join("\n");
  many.focus();
  many.dispatchEvent(new Event("review"));
});

// --- badges of checks ---------------------------------------------------------------------

// The checks of a page come after it, with a badge for each thing on the page that has some.
document.addEventListener("htmx:afterSettle", () => {
  const badges = document.querySelector("[data-badges]");
  if (!badges) return;
  const byPlace = new Map([...badges.content.children].map((one) => [one.dataset.for, one]));
  document.querySelectorAll("[data-badge]").forEach((place) => {
    const badge = byPlace.get(place.dataset.badge);
    place.replaceChildren(...(badge ? [badge.cloneNode(true)] : []));
  });
});

// --- focus ---------------------------------------------------------------------------------

// Where the focus was may be gone after an answer. It goes to the same thing in the new piece, else
// to its row, to what takes the edit back, or to the head of the page; never to the page's top.
let focused = null;
document.addEventListener("htmx:beforeSwap", () => {
  const place = document.activeElement;
  if (place === document.body) return;
  const label = place.getAttribute("aria-label");
  focused = { id: place.id, label, row: place.closest("li[id], tr[id]")?.id };
});
const actionsOf = (id) => [...document.querySelectorAll(`#${CSS.escape(id)} .row-actions :is(a, button)`)];
const refocused = ({ id, label, row }) =>
  (id && document.getElementById(id)) ||
  (label && document.querySelector(`[aria-label="${CSS.escape(label)}"]`)) ||
  (row && actionsOf(row).find((one) => one.checkVisibility())) ||
  document.querySelector("#undo-toast :is([data-undo], [data-redo])") ||
  document.querySelector(".object-title, main h1, main h2");
document.addEventListener("htmx:afterSettle", () =>
  // After all others, who know a better place.
  setTimeout(() => {
    const isLost = !document.activeElement || document.activeElement === document.body;
    const place = focused && isLost && refocused(focused);
    focused = null;
    if (!place) return;
    if (place.tabIndex < 0) place.tabIndex = -1;
    place.focus();
  }),
);

// The tab of this page is in sight, where a narrow screen has no room for all.
document.addEventListener("DOMContentLoaded", () => {
  const tab = document.querySelector(".skill-tabs [aria-current]");
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - 24;
});

// --- what stays open -----------------------------------------------------------------------

// A piece that is asked for every second must not shut what was opened in it, nor lose the focus.
document.addEventListener("htmx:beforeSwap", (e) => {
  const kept = [...e.detail.target.querySelectorAll("details[data-keep-open]")];
  document.addEventListener(
    "htmx:afterSwap",
    () =>
      kept.forEach((old) => {
        const now = document.getElementById(old.id);
        if (!now) return;
        now.open = old.open;
        if (old.contains(focused)) now.querySelector("summary").focus();
      }),
    { once: true },
  );
  const focused = document.activeElement;
});

// --- htmx --------------------------------------------------------------------------------

const toast = (text) => {
  const box = document.getElementById("toast");
  box.querySelector("[data-toast-text]").textContent = text;
  box.hidden = false;
};

on("click", "[data-toast-close]", (button) => {
  button.closest(".app-toast").hidden = true;
});

// Ctrl-Z takes back the last edit, except in a field with text, whose typing it takes back.
document.addEventListener("keydown", (e) => {
  if (e.key.toLowerCase() !== "z" || !(e.ctrlKey || e.metaKey) || e.altKey) return;
  if (e.target.matches("textarea, select, input:not([type=checkbox])") && e.target.value) return;
  const button = document.querySelector(e.shiftKey ? "[data-redo]" : "[data-undo]");
  if (!button || button.closest("[hidden]")) return;
  e.preventDefault();
  button.form.requestSubmit(button);
});

document.addEventListener("htmx:sendError", () => {
  toast("The server could not be reached. Nothing was saved; try again in a moment.");
});
document.addEventListener("htmx:responseError", (e) => {
  const status = e.detail.xhr.status;
  if (status === 404) toast("This no longer exists: it was removed elsewhere. Reload the page.");
  else if (status === 403) toast("You may not change this, or your session is over. Reload the page.");
  else if (status === 413) toast("That is too large. Nothing was saved.");
  else toast(`The server answered with an error (${status}). Nothing was saved.`);
});
// What was offered to be undone must not cover the two texts of which one has to be chosen.
document.addEventListener("htmx:afterSwap", (e) => {
  if (e.detail.xhr?.status === 409) document.getElementById("undo-toast")?.replaceChildren();
});
document.addEventListener("htmx:beforeRequest", () => {
  document.getElementById("toast").hidden = true;
});

// After a row was added by Enter in any of its fields, the next one begins in the first.
document.addEventListener("htmx:afterSettle", (e) => {
  const form = e.detail.requestConfig?.elt;
  if (form?.dataset?.focusAfter) document.querySelector(form.dataset.focusAfter)?.focus();
});
