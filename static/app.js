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
});

// --- console -----------------------------------------------------------------------------

const HISTORY_LENGTH = 50;

const readHistory = (key) => {
  try {
    return JSON.parse(sessionStorage.getItem(key)) || [];
  } catch {
    return [];
  }
};

const remember = (key, text) => {
  const kept = readHistory(key).filter((other) => other !== text);
  try {
    sessionStorage.setItem(key, JSON.stringify([...kept, text].slice(-HISTORY_LENGTH)));
  } catch {
    // Full or switched off: there is then no history, and nothing else breaks.
  }
};

on("submit", "[data-console]", (form) => {
  const field = form.querySelector("[data-history]");
  if (field.value.trim()) remember(field.dataset.history, field.value);
  delete field.dataset.at;
});

on("keydown", "[data-history]", (field, e) => {
  if (e.key !== "ArrowUp" && e.key !== "ArrowDown") return;
  const kept = readHistory(field.dataset.history);
  if (!kept.length) return;
  e.preventDefault();
  const at = Number(field.dataset.at ?? kept.length) + (e.key === "ArrowUp" ? -1 : 1);
  field.dataset.at = Math.min(Math.max(at, 0), kept.length);
  field.value = kept[field.dataset.at] ?? "";
});

on("click", "[data-utterance]", (button) => {
  const field = document.querySelector("[data-history]");
  field.value = button.dataset.utterance;
  field.form.requestSubmit();
  field.focus();
});

// --- htmx --------------------------------------------------------------------------------

const toast = (text) => {
  const box = document.getElementById("toast");
  box.querySelector("[data-toast-text]").textContent = text;
  box.hidden = false;
};

on("click", "[data-toast-close]", () => {
  document.getElementById("toast").hidden = true;
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
document.addEventListener("htmx:beforeRequest", () => {
  document.getElementById("toast").hidden = true;
});

// After a row was added by Enter in any of its fields, the next one begins in the first.
document.addEventListener("htmx:afterSettle", (e) => {
  const form = e.detail.requestConfig?.elt;
  if (form?.dataset?.focusAfter) document.querySelector(form.dataset.focusAfter)?.focus();
});
