/** The functions by which an expression pays for what it does; they are put into its tree. */
import type { CelFunc, CelList, CelValue } from "@bufbuild/cel";
import type { CostFunctions } from "./expression-tree.ts";
import type { Spending } from "./spending.ts";

export const costNames: CostFunctions = { step: "@step", size: "@size", content: "@content", append: "@append" };

type Library = Pick<typeof import("@bufbuild/cel"), "celFunc" | "celList" | "CelScalar" | "listType">;

export function costFunctions({ celFunc, celList, CelScalar, listType }: Library, budget: Spending): CelFunc[] {
  const { BOOL, DYN } = CelScalar;
  const list = listType(DYN);
  /** The elements of the lists that are being gathered. Only the next turn of the same loop sees such a list. */
  const gathering = new WeakMap<CelList, CelValue[]>();
  const append = (gathered: CelList, more: CelList): CelList => {
    const elements = gathering.get(gathered);
    if (elements !== undefined) {
      elements.push(...more);
      return gathered;
    }
    const begun = [...gathered, ...more];
    const made = celList(begun);
    gathering.set(made, begun);
    return made;
  };
  return [
    celFunc(costNames.step, [], BOOL, budget.step),
    celFunc(costNames.size, [DYN], DYN, budget.size),
    celFunc(costNames.content, [DYN], DYN, budget.content),
    celFunc(costNames.append, [list, list], list, append),
  ];
}
