// The console: earlier utterances come back by the arrow keys; a drawer brings it to every page.
"use strict";

{
  const KEPT = 50;

  // --- one utterance ---------------------------------------------------------------------

  // The server gives the earlier utterances, oldest first; those of this page are added.
  const earlier = (field) => JSON.parse(field.dataset.earlier || "[]");

  on("submit", "[data-console]", (form) => {
    const field = form.querySelector("[data-history]");
    const text = field.value;
    const kept = earlier(field).filter((other) => other !== text);
    if (text.trim()) field.dataset.earlier = JSON.stringify([...kept, text].slice(-KEPT));
    delete field.dataset.at;
  });

  on("keydown", "[data-history]", (field, e) => {
    if (e.key !== "ArrowUp" && e.key !== "ArrowDown") return;
    const kept = earlier(field);
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

  on("change", "[data-parse-on-change]", (select) => {
    if (select.form.elements.utterance.value.trim()) select.form.requestSubmit();
  });

  on("click", "[data-copy-link]", async (button) => {
    const link = new URL(button.dataset.copyLink, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      return; // Without HTTPS there is no clipboard access; the link itself is beside the button.
    }
    announce("Copied.");
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1500);
  });

  // --- a table of utterances --------------------------------------------------------------

  // A utterance is a <tbody>, for its lesson goes along with it.
  on("click", "[data-sort]", (button) => {
    const head = button.closest("th");
    const table = button.closest("table");
    const key = button.dataset.sort;
    // What is worth a look first: disagreements from the top, confidences from the bottom.
    const first = key === "disagreement" ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    const sign = order === "ascending" ? 1 : -1;
    const value = (body) => Number(body.dataset[key]);
    const bodies = [...table.tBodies].sort(
      (a, b) => sign * (value(a) - value(b)) || a.dataset.neural - b.dataset.neural,
    );
    table.querySelectorAll("[aria-sort]").forEach((th) => th.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", order);
    table.append(...bodies);
  });

  // --- the drawer ------------------------------------------------------------------------

  const drawer = () => document.querySelector("[data-drawer]");

  // What is outside a modal dialog is behind it and silent, so these two come along.
  const bringAlong = (to) => {
    to.append(document.getElementById("toast"), document.getElementById("announcer"));
  };

  const open = async (dialog) => {
    if (dialog.open) return;
    dialog.showModal();
    bringAlong(dialog);
    const body = dialog.querySelector("[data-drawer-body]");
    // Loaded once; again only where the skill was not built yet.
    if (!body.querySelector("[data-history]")) {
      await htmx.ajax("GET", dialog.dataset.drawer, { target: body, swap: "innerHTML" });
    }
    body.querySelector("[data-history]")?.focus();
    body.querySelector("[data-history]")?.select();
  };

  on("click", "[data-drawer-open]", (link, e) => {
    if (!drawer() || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    open(drawer());
  });
  on("click", "[data-drawer-close]", () => drawer().close());
  // A click beside the drawer is one on the dialog itself.
  on("click", "[data-drawer]", (dialog, e) => {
    if (e.target === dialog) dialog.close();
  });
  document.addEventListener(
    "close",
    (e) => {
      if (e.target.matches?.("[data-drawer]")) bringAlong(document.body);
    },
    true, // It does not bubble.
  );

  const isTyping = (element) =>
    element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

  const shortcuts = () => document.querySelector("[data-shortcuts]");

  on("click", "[data-shortcuts-open]", () => shortcuts().showModal());
  on("click", "[data-dialog-close]", (button) => button.closest("dialog").close());
  on("click", "[data-shortcuts]", (dialog, e) => {
    if (e.target === dialog) dialog.close();
  });

  // Single keys, which a user may have turned off: then there is no console key.
  document.addEventListener("keydown", (e) => {
    const key = document.body.dataset.consoleKey;
    if (!key || e.ctrlKey || e.metaKey || e.altKey || e.repeat) return;
    if (isTyping(e.target) || document.querySelector("dialog[open]")) return;
    if (e.key === "?") {
      e.preventDefault();
      return shortcuts().showModal();
    }
    if (e.key.toLowerCase() !== key) return;
    const field = document.querySelector("[data-history]");
    if (!drawer() && !field) return;
    e.preventDefault();
    if (drawer()) open(drawer());
    else field.select();
  });
}
