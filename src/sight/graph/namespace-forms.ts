/**
 * The names of namespaces that an annotation allows, as controllers that copy secrets read it: each form is a regular
 * expression for the whole name. Whoever writes a Secret chooses them, so they are matched in linear time.
 */
import { RE2JS } from "@bufbuild/re2";

/** With more forms than this, every name counts: it may show too much, and hides nothing. */
const formsMax = 100;
const charactersMax = 200;

/** Whether a name is one of those; without any form, all are. A form that is no expression stands for itself. */
export function namesMatching(forms: readonly string[]): (name: string) => boolean {
  if (forms.length === 0 || forms.length > formsMax || forms.some(({ length }) => length > charactersMax)) {
    return () => true;
  }
  const names = new Set(forms);
  const expressions = forms.filter((form) => /[^\w-]/.test(form)).flatMap((form) => compiled(form) ?? []);
  return (name) => names.has(name) || expressions.some((expression) => expression.testExact(name));
}

function compiled(form: string): RE2JS | undefined {
  try {
    return RE2JS.compile(form);
  } catch {
    return undefined; // what cannot be compiled allows nothing but its own name
  }
}
