// A stream of snapshots that connects again automatically.

import { Refused, send } from "./api.js";

const SILENCE = 5_000;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 10_000;

/**
 * Reads server-sent events until it is closed. The service sends one a second, so 5 seconds without
 * one are a lost connection too. Pauses between attempts double up to 10 seconds. A page that is
 * hidden reads nothing: a browser opens six connections to a host, for all its pages.
 */
export class Stream {
  #path;
  #on;
  #closed = false;
  #attempt = null;
  #pause = FIRST_PAUSE;
  #wake = null;

  /** on: snapshot(data), lost(reason, milliseconds until the next attempt), refused(status, message). */
  constructor(path, on) {
    this.#path = path;
    this.#on = on;
    window.addEventListener("online", this.#again);
    document.addEventListener("visibilitychange", this.#look);
    this.#run();
  }

  close() {
    this.#closed = true;
    window.removeEventListener("online", this.#again);
    document.removeEventListener("visibilitychange", this.#look);
    this.#attempt?.abort();
    this.#wake?.();
  }

  #again = () => this.#wake?.();

  #look = () => (document.hidden ? this.#attempt?.abort() : this.#wake?.());

  async #run() {
    while (!this.#closed) {
      if (document.hidden) {
        await this.#awake();
        continue;
      }
      const reason = await this.#read();
      if (this.#closed || document.hidden) {
        continue;
      }
      const pause = this.#pause * (0.8 + 0.4 * Math.random());
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
      this.#on.lost(reason, pause);
      await this.#awake(pause);
    }
  }

  /** Until so many milliseconds are over, or something wakes it. */
  #awake(pause = null) {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (pause !== null) {
        setTimeout(resolve, pause);
      }
    });
  }

  /** Reads until the connection ends, and says why it did. */
  async #read() {
    const attempt = new AbortController();
    this.#attempt = attempt;
    let silent = false;
    let timer;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        silent = true;
        attempt.abort();
      }, SILENCE);
    };
    heard();
    try {
      const response = await send("GET", this.#path, { accept: "text/event-stream", signal: attempt.signal });
      await this.#events(response, heard);
      return "The service ended the connection.";
    } catch (failure) {
      if (failure instanceof Refused) {
        if ([401, 403, 404].includes(failure.status)) {
          this.close();
          this.#on.refused(failure.status, failure.message);
        }
        return failure.message;
      }
      return silent ? "The service sent nothing for 5 seconds." : "The service does not answer.";
    } finally {
      clearTimeout(timer);
    }
  }

  async #events(response, heard) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.#closed) {
        return;
      }
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) {
        const data = block
          .split(/\r?\n/)
          .filter((line) => line.startsWith("data:"))
          .map((line) => line.slice(5))
          .join("\n");
        if (data) {
          heard();
          this.#pause = FIRST_PAUSE;
          this.#on.snapshot(JSON.parse(data));
        }
      }
    }
  }
}
