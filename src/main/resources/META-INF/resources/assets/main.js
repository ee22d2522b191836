// What is shown: the form for the login, the list, or one migration, as the address says.

import { Refused, pathOf, read, send } from "./api.js";
import { el, show, text } from "./dom.js";
import { fresh, idle, lostConnection } from "./freshness.js";
import { list } from "./list.js";
import { page } from "./page.js";
import { signIn } from "./signin.js";
import { Stream } from "./stream.js";

const main = document.getElementById("main");
const user = document.getElementById("user");
let session = null;
let view = null;

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener("hashchange", () => session && open());
start();

async function start() {
  leave();
  try {
    session = await read("/console/session");
    showUser();
    open();
  } catch (failure) {
    session = null;
    if (failure instanceof Refused && failure.status === 401) {
      signIn(main, start);
    } else {
      lostConnection(failure instanceof Refused ? failure.message : "The service does not answer.", 3_000);
      setTimeout(start, 3_000);
    }
  }
}

function leave() {
  view?.stream.close();
  view?.close?.();
  view = null;
  show(user, false);
  idle();
}

function showUser() {
  const out = el("button", { type: "button", click: signOut }, "Sign out");
  user.replaceChildren(el("span", {}, session.operator ? session.user : `${session.user} (reads only)`), out);
  show(user, true);
}

async function signOut() {
  await send("DELETE", "/console/session", { signal: AbortSignal.timeout(15_000) }).catch(() => null);
  start();
}

function open() {
  view?.stream.close();
  view?.close?.();
  idle();
  const [, name] = /^#\/migrations\/([^/]+)$/.exec(location.hash) ?? [];
  view = name ? one(decoded(name)) : { snapshot: list(main), path: "/console/events" };
  const mine = view;
  view.stream = new Stream(view.path, {
    snapshot: (data) => {
      if (view === mine) {
        fresh();
        mine.snapshot(data);
      }
    },
    lost: (reason, pause) => {
      if (view === mine) {
        lostConnection(reason, pause);
        mine.lost?.();
      }
    },
    refused: (status, message) => (status === 401 ? start() : refused(message)),
  });
}

function one(name) {
  return { ...page(main, name, session), path: pathOf(name, "/events") };
}

/** An address that is no text in UTF-8 names no migration: it is shown as it stands. */
function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function refused(message) {
  idle();
  const problem = el("p", { class: "notice bad", role: "alert" });
  text(problem, message);
  main.replaceChildren(el("h1", { tabindex: "-1" }, "Not shown"), problem, el("p", {}, el("a", { href: "#/" }, "All migrations")));
}
