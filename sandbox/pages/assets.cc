// The pages' style sheet and script.

#include "sandbox/pages/html.h"

namespace paydesk::sandbox {
namespace {

constexpr std::string_view css = R"(:root {
  --ink: #16202e; --soft: #5b6676; --line: #dfe4ea; --edge: #838d9b; --paper: #ffffff; --ground: #f4f6f9;
  --accent: #3d5afe; --accent-ink: #ffffff; --good: #0b7a4b; --bad: #b3261e; --badground: #fdecea;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef1f6; --soft: #a3adbb; --line: #323b49; --edge: #6b7789; --paper: #1a212c; --ground: #11161e;
    --accent: #8ea2ff; --accent-ink: #0d1220; --good: #5fd3a0; --bad: #ffb4ab; --badground: #3a1d1b; }
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--ground); line-height: 1.5; font-size: 16px; }
.ribbon { margin: 0; padding: .35rem 1rem; text-align: center; font-size: .8rem;
  background: #ffe08a; color: #4a3700; }
nav.top { display: flex; flex-wrap: wrap; gap: .25rem; max-width: 72rem; margin: 1rem auto 0; padding: 0 .5rem; }
nav.top a, .tabs a { color: var(--ink); text-decoration: none; padding: .35rem .6rem; border-radius: 8px; }
nav.top a:hover, .tabs a:hover { background: var(--line); }
nav.top a[aria-current], .tabs a[aria-current] { background: var(--accent); color: var(--accent-ink); font-weight: 600; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: .5rem; top: .5rem; padding: .5rem 1rem; background: var(--paper); }
.beside { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; }
.beside > div { flex: 1 1 12rem; }
.beside label { margin-top: 0; }
.tabs { display: flex; flex-wrap: wrap; gap: .25rem; margin-bottom: 1rem; }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 0 1rem; }
.chip { font-size: .85rem; padding: .2rem .65rem; border: 1px solid var(--line); border-radius: 99px; text-decoration: none;
  color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }
.chip[aria-current] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.filters { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin-bottom: 1rem; }
.filters > div { flex: 1 1 11rem; }
.filters label { margin-top: 0; }
.filters > a { padding: .65rem 0; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.empty { margin: .5rem 0; }
.break { overflow-wrap: anywhere; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
iframe.mail { display: block; width: 100%; height: 70vh; min-height: 20rem; resize: vertical; border: 1px solid var(--line);
  border-radius: 8px; background: #fff; color-scheme: light; }
iframe.mail.phone { max-width: 390px; height: 44rem; margin: 0 auto; resize: both; }
main { margin: 2rem auto; padding: 0 1rem; }
.narrow main { max-width: 30rem; }
.split main { max-width: 60rem; display: grid; gap: 2rem; grid-template-columns: 1fr 1fr; align-items: start; }
.wide main { max-width: 72rem; }
@media (max-width: 46rem) { .split main { grid-template-columns: 1fr; gap: 1rem; } }
footer { text-align: center; color: var(--soft); font-size: .8rem; padding: 1rem; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 14px; padding: 1.5rem;
  margin-bottom: 1rem; min-width: 0; }
.summary { padding: 1.5rem 0; min-width: 0; }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .75rem; }
.total { font-size: 2.2rem; font-weight: 650; margin: 0; letter-spacing: -.02em; }
.soft { color: var(--soft); }
.lines { list-style: none; padding: 0; margin: 1.25rem 0; border-top: 1px solid var(--line); }
.lines li { display: flex; justify-content: space-between; gap: 1rem; padding: .75rem 0;
  border-bottom: 1px solid var(--line); }
.lines li > :first-child { overflow-wrap: anywhere; min-width: 0; }
.lines li > :last-child:not(:first-child) { text-align: right; }
.lines .badge { align-self: center; }
.lines label { display: flex; gap: .6rem; align-items: baseline; margin: 0; font-size: 1rem; }
label { display: block; font-size: .85rem; font-weight: 600; margin: .9rem 0 .3rem; }
input, select { width: 100%; font: inherit; color: inherit; background: var(--paper); padding: .65rem .75rem;
  border: 1px solid var(--edge); border-radius: 8px; }
input:focus-visible, select:focus-visible, button:focus-visible, a:focus-visible, summary:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 1px; }
fieldset { border: 0; padding: 0; margin: 1.5rem 0 0; min-width: 0; }
legend { font-weight: 650; padding: 0; }
input[type=radio], input[type=checkbox] { width: auto; }
time { white-space: nowrap; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; align-items: end; }
button, .button { font: inherit; cursor: pointer; text-decoration: none; display: inline-block;
  border-radius: 8px; padding: .6rem 1rem; border: 1px solid var(--edge); background: var(--paper);
  color: var(--ink); }
.small { padding: .2rem .6rem; font-size: .85rem; }
.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); font-weight: 600; }
.block { width: 100%; margin-top: 1.25rem; padding: .8rem 1rem; text-align: center; }
.danger { color: var(--bad); border-color: currentColor; }
.error { background: var(--badground); color: var(--bad); border-radius: 8px; padding: .7rem .9rem; margin: 0 0 .5rem; }
.done { background: transparent; border: 1px solid var(--good); color: var(--good); border-radius: 8px; padding: .7rem .9rem; }
.hints { margin-top: 1.25rem; font-size: .85rem; color: var(--soft); }
.hints ul { list-style: none; padding: 0; margin: .5rem 0; }
.hint { font-family: ui-monospace, monospace; font-size: .85rem; padding: .15rem .5rem; margin: .15rem .35rem .15rem 0; }
.row { display: flex; flex-wrap: wrap; gap: .5rem 1rem; justify-content: space-between; align-items: center; }
.row form, .actions form { display: inline; }
.actions { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .75rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .5rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
pre { overflow-x: auto; font-size: .8rem; background: var(--ground); border-radius: 8px; padding: 1rem; }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
a { color: var(--accent); }
@media (max-width: 46rem) {
  table.data, table.data tbody { display: block; }
  table.data thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.data tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  table.data td { display: flex; gap: .75rem; padding: .15rem 0; border: 0; overflow-wrap: anywhere; min-width: 0; }
  table.data td:empty { display: none; }
  table.data td[data-label]::before { content: attr(data-label); flex: 0 0 6.5rem; color: var(--soft); }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .5rem; }
  .card { padding: 1rem; }
}
.badge { font-size: .75rem; padding: .1rem .5rem; border-radius: 99px; border: 1px solid var(--line); white-space: nowrap; }
.badge.good { color: var(--good); border-color: currentColor; }
.badge.bad { color: var(--bad); border-color: currentColor; }
)";

constexpr std::string_view js = R"('use strict';
const digits = (text) => text.replace(/\D/g, '');
const number = document.getElementById('card-number');
const expiry = document.getElementById('card-exp');
const group = (text) => digits(text).slice(0, 19).replace(/(.{4})(?=.)/g, '$1 ');
if (number) number.addEventListener('input', () => { number.value = group(number.value); });
if (expiry) expiry.addEventListener('input', (event) => {
  if (event.inputType === 'deleteContentBackward') return;
  const typed = digits(expiry.value).slice(0, 4);
  expiry.value = typed.length >= 3 ? typed.slice(0, 2) + ' / ' + typed.slice(2) : typed;
});
for (const hint of document.querySelectorAll('[data-card]')) {
  hint.addEventListener('click', () => {
    number.value = group(hint.dataset.card);
    expiry.value = '12 / 34';
    document.getElementById('card-cvc').value = '123';
  });
}
for (const hint of document.querySelectorAll('[data-bank]')) {
  hint.addEventListener('click', () => {
    const name = document.getElementById('bank-name');
    document.getElementById('bank-number').value = hint.dataset.bank;
    if (!name.value) name.value = 'Jenny Rosen';
  });
}
// A second click must not pay twice.
for (const form of document.querySelectorAll('form[data-once]')) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = 'yes';
    const button = form.querySelector('button[type=submit]');
    if (button) button.setAttribute('aria-busy', 'true');
  });
}
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-once]')) delete form.dataset.sent;
});
)";

}  // namespace

std::optional<http::Response> asset(std::string_view path) {
    http::Response response;
    response.headers.set("Cache-Control", "no-cache");
    response.headers.set("X-Content-Type-Options", "nosniff");
    if (path == "/assets/sandbox.css") {
        response.content_type = "text/css; charset=utf-8";
        response.body = css;
        return response;
    }
    if (path == "/assets/sandbox.js") {
        response.content_type = "text/javascript; charset=utf-8";
        response.body = js;
        return response;
    }
    return std::nullopt;
}

}  // namespace paydesk::sandbox
