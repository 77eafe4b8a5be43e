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

  const mark = async (field, slot) => {
    const bar = barOf(field);
    const error = bar.querySelector("[data-mark-error]");
    const before = field.value;
    const body = new FormData();
    body.set("csrfmiddlewaretoken", field.form.elements.csrfmiddlewaretoken.value);
    body.set("text", before);
    body.set("start", toPoints(before, field.selectionStart));
    body.set("end", toPoints(before, field.selectionEnd));
    body.set("slot", slot);
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

  document.addEventListener("input", (e) => {
    if (e.target.matches?.("[data-sample]")) preview(e.target);
  });
  const previewAll = () => document.querySelectorAll("[data-sample]").forEach(preview);
  document.addEventListener("DOMContentLoaded", previewAll);
  document.addEventListener("htmx:afterSettle", previewAll);
}
