import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { AnswerEnds } from "./answer-end.ts";

/** As much of an answer as is looked at. */
function answer(state: { destroyed?: boolean; stream?: { destroyed: boolean } } = {}): ServerResponse {
  return Object.assign(new EventEmitter(), state) as unknown as ServerResponse; // an emitter with the two fields
}

test("An answer ends when its client goes, once", () => {
  const response = answer();
  const end = new AnswerEnds(() => new AbortController().signal).of(response);
  let calls = 0;
  end.onCome(() => (calls += 1));
  assert.equal(calls, 0);
  response.emit("close");
  response.emit("close");
  assert.equal(calls, 1);
});

test("All answers end when the server drains, with one listener on its signal", () => {
  const draining = new AbortController();
  const ends = new AnswerEnds(() => draining.signal);
  const ended: number[] = [];
  for (let index = 0; index < 20; index++) ends.of(answer()).onCome(() => ended.push(index));
  const takenBack = ends.of(answer()).onCome(() => ended.push(-1));
  takenBack();
  draining.abort();
  assert.deepEqual(
    ended,
    Array.from({ length: 20 }, (_, index) => index),
  );
  assert.equal(ends.of(answer()).hasCome(), true);
});

test("What has come already is told at once, for HTTP/2 answers too", () => {
  const ends = new AnswerEnds(() => new AbortController().signal);
  for (const response of [answer({ destroyed: true }), answer({ stream: { destroyed: true } })]) {
    let calls = 0;
    ends.of(response).onCome(() => (calls += 1));
    assert.equal(calls, 1);
  }
});

test("A listening server's signal takes the place of the one before it listened", () => {
  const [before, listening] = [new AbortController(), new AbortController()];
  let current = before;
  const ends = new AnswerEnds(() => current.signal);
  let calls = 0;
  ends.of(answer()).onCome(() => (calls += 1));
  current = listening;
  ends.of(answer()).onCome(() => (calls += 1));
  listening.abort();
  assert.equal(calls, 2);
});
