// Words of a sample utterance become a slot: select them, then press a digit or a slot's button.
// The server marks them, for it cuts words as the tokenizer that trains does.
"use strict";

{
  const BRACES = /\{(?:([^{}]*)\|)?([^{}|]*)\}/g;

  const barOf = (field) => field.form.querySelector("[data-mark-address]");

  // Python counts characters where a field counts UTF-16 units.
  const toPoints = (text, units) => [...text.slice(0, units)].length;
  const toUnits = (text, points) => [...text].slice(0, points).join("").length;

  const write = (field, text) => {
    field.focus();
    field.select();
    // This, unlike an assignment, can be taken back with Ctrl-Z.
    if (!document.execCommand("insertText", false, text)) field.value = text;
  };

  // slot: one that the intent has, or a new name for one, told by ``key``.
  const mark = async (field, slot, key = "slot") => {
    const bar = barOf(field);
    const error = bar.querySelector("[data-mark-error]");
    const before = field.value;
    const body = new FormData();
    body.set("csrfmiddlewaretoken", field.form.elements.csrfmiddlewaretoken.value);
    body.set("text", before);
    body.set("start", toPoints(before, field.selectionStart));
    body.set("end", toPoints(before, field.selectionEnd));
    body.set(key, slot);
    error.textContent = "";
    let answer;
    try {
      const response = await fetch(bar.dataset.markAddress, { method: "POST", body });
      answer = await response.json();
    } catch {
      answer = { error: "The server could not be reached, or your session is over." };
    }
    if (field.value !== before) return; // Typed on meanwhile: what is typed wins.
    if (answer.error) {
      error.textContent = answer.error;
      field.focus();
      return;
    }
    write(field, answer.text);
    const cursor = toUnits(answer.text, answer.cursor);
    field.setSelectionRange(cursor, cursor);
  };

  const chip = (bar, words, slot) => {
    const button = [...bar.querySelectorAll("[data-mark]")].find((b) => b.dataset.mark === slot);
    const span = document.createElement("span");
    const color = button && [...button.classList].find((name) => /^slot-\d+$/.test(name));
    span.className = color ? `slot ${color}` : "slot slot-unknown";
    span.textContent = words || slot;
    if (words) {
      const name = document.createElement("span");
      name.className = "slot-name";
      name.textContent = slot;
      span.append(name);
    }
    return span;
  };

  const preview = (field) => {
    const bar = barOf(field);
    const output = bar?.querySelector("[data-sample-preview]");
    if (!output) return;
    const pieces = [];
    let end = 0;
    for (const found of field.value.matchAll(BRACES)) {
      pieces.push(field.value.slice(end, found.index));
      pieces.push(chip(bar, found[1]?.trim(), found[2].trim()));
      end = found.index + found[0].length;
    }
    output.replaceChildren(...(end ? [...pieces, field.value.slice(end)] : []));
  };

  document.addEventListener("click", (e) => {
    const button = e.target.closest?.("[data-mark]");
    if (button) mark(button.form.querySelector("[data-sample]"), button.dataset.mark);
  });

  document.addEventListener("keydown", (e) => {
    const field = e.target;
    if (!field.matches?.("[data-sample]") || e.ctrlKey || e.altKey || e.metaKey) return;
    if (!/^\d$/.test(e.key) || field.selectionStart === field.selectionEnd) return;
    const button = barOf(field)?.querySelector(`[data-mark-key="${e.key}"]`);
    if (!button) return;
    e.preventDefault();
    mark(field, button.dataset.mark);
  });

  // The words that were selected are named while the name of their slot is typed: the field no
  // longer shows which they are.
  const ownField = (input) => input.form.querySelector("[data-sample]");
  document.addEventListener("focusin", (e) => {
    if (!e.target.matches?.("[data-mark-new]")) return;
    const { value, selectionStart, selectionEnd } = ownField(e.target);
    const words = value.slice(selectionStart, selectionEnd).trim();
    if (words) barOf(e.target).querySelector("[data-mark-help]").textContent = `“${words}” is`;
  });
  document.addEventListener("focusout", (e) => {
    if (e.target.matches?.("[data-mark-new]"))
      barOf(e.target).querySelector("[data-mark-help]").textContent = "Select words, then";
  });
  document.addEventListener("keydown", (e) => {
    if (!e.target.matches?.("[data-mark-new]") || e.key !== "Enter") return;
    e.preventDefault(); // It would add the sample.
    const name = e.target.value.trim();
    if (!name) return;
    e.target.value = "";
    mark(ownField(e.target), name, "new_slot");
  });

  // Groups are expanded while they are typed, and the preview goes when they do.
  const hasGroup = (text) => /[()[\]|]/.test(text.replace(/\{[^{}]*\}/g, ""));
  const expand = (field) => {
    const place = document.getElementById("sample-expansion");
    if (field.id !== "new-sample" || !place) return;
    if (hasGroup(field.value)) field.dispatchEvent(new Event("expand"));
    else place.replaceChildren();
  };

  document.addEventListener("input", (e) => {
    if (!e.target.matches?.("[data-sample]")) return;
    preview(e.target);
    expand(e.target);
  });
  const previewAll = () => document.querySelectorAll("[data-sample]").forEach(preview);
  document.addEventListener("DOMContentLoaded", previewAll);
  document.addEventListener("htmx:afterSettle", previewAll);

  // --- rows that are edited in place ----------------------------------------------------

  // An edit is saved when its field is left. Its own buttons take no focus, so they are within.
  let isMoving = false;
  document.addEventListener("mousedown", (e) => {
    if (e.target.closest?.("[data-mark], [data-autosave] :is(button, a)")) e.preventDefault();
  });
  const leaving = (e) => {
    const form = e.target.closest?.("[data-inline-edit]");
    if (form && (e.type === "submit" || e.key === "Escape" || e.target.closest("[data-cancel]")))
      form.dataset.leaving = "yes";
  };
  ["submit", "keydown", "click"].forEach((type) => document.addEventListener(type, leaving, true));
  document.addEventListener("htmx:sendError", (e) => delete e.target.dataset.leaving);
  document.addEventListener("htmx:responseError", (e) => delete e.target.dataset.leaving);

  // A click on a sample edits it, and words that the mouse selected in it stay selected.
  let picked = null;
  let asked = null; // The row that it asked for.
  document.addEventListener("click", (e) => {
    const text = e.target.closest?.(".row-text");
    const edit = text && !e.target.closest("a, button") && text.closest("li")?.querySelector("[data-edit]");
    if (!edit?.checkVisibility()) return;
    picked = null;
    const selection = window.getSelection();
    const words = selection.toString().trim();
    if (words && text.contains(selection.anchorNode)) {
      const before = selection.getRangeAt(0).cloneRange();
      before.setStart(text, 0);
      before.setEnd(selection.getRangeAt(0).startContainer, selection.getRangeAt(0).startOffset);
      picked = { words, nth: before.toString().split(words).length - 1 };
    }
    asked = text.closest("li").id;
    document.activeElement?.blur(); // The click gave the focus to the page, from where it may go on.
    edit.click();
  });
  const selectPicked = (field) => {
    let at = -1;
    for (let n = 0; n <= picked.nth; n++) at = field.value.indexOf(picked.words, at + 1);
    if (at >= 0) field.setSelectionRange(at, at + picked.words.length);
    picked = null;
  };

  document.addEventListener("focusout", (e) => {
    const form = e.target.closest?.("[data-autosave]");
    if (!form || isMoving || form.dataset.leaving || form.contains(e.relatedTarget)) return;
    if (!document.hasFocus()) return; // Another window: they may come back to go on.
    const field = form.querySelector("[data-sample]");
    if (field.value !== field.defaultValue) form.requestSubmit();
    else if (!form.querySelector(".row-error")) form.querySelector("[data-cancel]").click();
  });

  const edits = () => [...document.querySelectorAll("[data-inline-edit]:not([data-leaving])")];
  const isDirty = (form) => {
    const field = form.querySelector(".form-control");
    return field.value !== field.defaultValue;
  };
  window.addEventListener("beforeunload", (e) => {
    if (edits().some(isDirty)) e.preventDefault();
  });

  // --- what is being typed survives a new editor ------------------------------------------

  let kept = null;
  let waiting = []; // Samples entered while an answer is under way, each sent in its turn.
  const newSample = () => document.getElementById("new-sample");

  // The next sample can be typed at once; what comes back refused stands in the field again.
  document.addEventListener("htmx:beforeRequest", (e) => {
    const field = e.target.querySelector?.("#new-sample");
    if (!field) return;
    field.dataset.sent = field.value;
    field.value = field.dataset.next ?? "";
    delete field.dataset.next;
  });
  const giveBack = (e) => {
    const field = e.target.querySelector?.("#new-sample");
    if (!field) return;
    field.value = [field.dataset.sent, ...waiting, field.value].filter(Boolean).join(" ");
    waiting = [];
  };
  document.addEventListener("htmx:sendError", giveBack);
  document.addEventListener("htmx:responseError", giveBack);
  document.addEventListener("submit", (e) => {
    const field = e.target.querySelector("#new-sample");
    if (!field || !e.target.classList.contains("htmx-request")) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    waiting.push(field.value);
    field.value = "";
  }, true);

  // What else is written and not sent: in forms that the request was not about.
  const drafts = (request) => {
    const fields = [...document.querySelectorAll("#editor :is(textarea, input.form-control)[id]")];
    const isOther = (field) => field.id !== "new-sample" && field.form !== request.elt.closest("form");
    const isDraft = (field) => field.value !== field.defaultValue && !field.closest("li");
    const isText = (field) => !["file", "search"].includes(field.type);
    return fields.filter((field) => isOther(field) && isText(field) && isDraft(field));
  };
  const redraft = ({ id, value }) => {
    const field = document.getElementById(id);
    if (!field || field.value !== field.defaultValue) return;
    field.value = value;
    const details = field.closest("details");
    if (details) details.open = true;
    setTimeout(() => field.dispatchEvent(new Event("review")), 100); // Once htmx knows the field.
  };

  document.addEventListener("htmx:beforeSwap", (e) => {
    kept = null;
    if (e.detail.target.id !== "editor" || !e.detail.shouldSwap) return;
    const field = newSample();
    const focus = document.activeElement;
    kept = { rows: [], focus, at: focus.selectionStart, drafts: drafts(e.detail.requestConfig) };
    if (field?.value) kept.text = field.value;
    isMoving = true; // Taken out, or htmx would take their behaviour from them.
    edits().forEach((form) => {
      if (!isDirty(form) && !form.contains(focus)) return;
      const row = form.closest("li[id]");
      if (!row) return;
      kept.rows.push(row);
      row.remove();
    });
    isMoving = false;
  });

  document.addEventListener("htmx:afterSwap", (e) => {
    if (!kept || e.detail.target.id !== "editor") return;
    const { rows, text, focus, at, drafts } = kept;
    kept = null;
    drafts.forEach(redraft);
    for (const row of rows) {
      const place = document.getElementById(row.id);
      if (place) place.replaceWith(row);
      else document.querySelector("#editor .rows")?.prepend(row);
      if (row.contains(focus)) focus.focus();
    }
    const field = newSample();
    const refused = field?.value;
    if (!field || (text === undefined && !(refused && waiting.length))) return;
    const back = refused ? waiting.splice(0) : [];
    field.value = [refused, ...back, text].filter(Boolean).join(" ");
    if (focus.id === field.id && !refused) field.setSelectionRange(at, at);
  });

  document.addEventListener("htmx:afterSettle", (e) => {
    if (e.detail.target.id !== "editor") return;
    const field = newSample();
    if (!field || !waiting.length || field.form.classList.contains("htmx-request")) return;
    field.dataset.next = field.value; // What is typed already comes back once that is sent.
    field.value = waiting.shift();
    field.form.requestSubmit();
  });

  // The focus follows an edit, unless it is somewhere else by now; a click had its say already.
  document.addEventListener("htmx:afterSettle", () => {
    const isLost = !document.activeElement || document.activeElement === document.body;
    const wanted = document.querySelector("[data-refocus]");
    const isAsked = asked && wanted?.closest("li")?.id === asked;
    const place = (isLost || isAsked) && wanted;
    if (wanted) asked = null;
    document.querySelectorAll("[data-refocus]").forEach((one) => delete one.dataset.refocus);
    if (!place) return;
    place.focus();
    if (picked && place.matches("[data-sample]")) selectPicked(place);
    else place.setSelectionRange?.(place.value.length, place.value.length);
  });

  // What is told of an edit is seen, however far the page was scrolled.
  document.addEventListener("htmx:afterSettle", (e) => {
    if (e.detail.target.id !== "editor") return;
    const notice = document.querySelector(".notice-here > .alert")?.parentElement;
    notice?.scrollIntoView({ block: "nearest", behavior: "instant" });
  });

  // --- choosing several samples ------------------------------------------------------------

  const boxes = () => [...document.querySelectorAll("[data-choose]")];
  let anchor = null; // Where a range begins: the box that was ticked last.

  const chooseRange = (from, to, checked) => {
    const all = boxes();
    const [start, end] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
    all.slice(Math.max(start, 0), end + 1).forEach((box) => (box.checked = checked));
  };
  const countChosen = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    const form = document.getElementById("chosen-form");
    if (!form) return;
    const all = form.elements.all?.checked;
    form.querySelector("[data-choose-count]").textContent = all ? "" : `${chosen} chosen`;
    const whole = form.querySelector("[data-choose-all]");
    whole.checked = chosen > 0 && chosen === boxes().length;
    whole.indeterminate = chosen > 0 && !whole.checked;
    if (!chosen && form.elements.all) form.elements.all.checked = false;
  };

  document.addEventListener("click", (e) => {
    if (e.target.matches?.("[data-choose-all]")) {
      boxes().forEach((box) => (box.checked = e.target.checked));
    } else if (e.target.matches?.("[data-choose]")) {
      if (e.shiftKey && anchor?.isConnected) chooseRange(anchor, e.target, e.target.checked);
      anchor = e.target;
    } else if (!e.target.matches?.("#chosen-form [name=all]")) return;
    countChosen();
  });

  // Arrows go from box to box, with Shift they tick; Ctrl-A ticks all, Escape none.
  document.addEventListener("keydown", (e) => {
    if (!e.target.matches?.("[data-choose]")) return;
    const all = boxes();
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step) {
      const next = all[all.indexOf(e.target) + step];
      if (next && e.shiftKey) chooseRange(e.target, next, true);
      next?.focus();
      anchor = next ?? anchor;
    } else if (e.key === "a" && (e.ctrlKey || e.metaKey)) {
      all.forEach((box) => (box.checked = true));
    } else if (e.key === "Escape") {
      all.forEach((box) => (box.checked = false));
    } else return;
    e.preventDefault();
    countChosen();
  });
}
