import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as assertProperty, nat, property } from "fast-check";
import { SlotNumbers, SlotSet, hasBit, withRoom } from "./slot-set.ts";

const slotMax = 300;

test("A set of slots has what was added and not removed, few or many", () => {
  const changes = array(nat(slotMax), { maxLength: 400, size: "max" });
  assertProperty(
    property(changes, (slots) => {
      const [set, model] = [new SlotSet(), new Set<number>()];
      for (const slot of slots) {
        if (model.delete(slot)) set.delete(slot);
        else {
          model.add(slot);
          set.add(slot);
        }
      }
      const bits = withRoom(new Uint32Array(0), slotMax);
      set.addTo(bits);
      assert.equal(set.size, model.size);
      for (let slot = 0; slot <= slotMax; slot++) assert.equal(hasBit(bits, slot), model.has(slot), String(slot));
    }),
  );
});

test("Adding a set to bits keeps what was there", () => {
  const bits = withRoom(new Uint32Array(0), 100);
  for (const slots of [[1, 40], Array.from({ length: 50 }, (_, slot) => slot * 2)]) {
    const set = new SlotSet();
    for (const slot of slots) set.add(slot);
    set.addTo(bits);
  }
  assert.deepEqual(
    [1, 40, 98, 3, 99].map((slot) => hasBit(bits, slot)),
    [true, true, true, false, false],
  );
});

test("Beyond the end of bits none is set", () => {
  assert.equal(hasBit(new Uint32Array(1), 32), false);
});

test("Numbers that were given back are handed out again before new ones", () => {
  const numbers = new SlotNumbers();
  assert.deepEqual([numbers.take(), numbers.take()], [0, 1]);
  numbers.give(0);
  assert.deepEqual([numbers.take(), numbers.take(), numbers.end], [0, 2, 3]);
});
