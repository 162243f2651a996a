import { visible } from "./visible.ts";

/** Text of others in HTML, between tags and in quoted attributes alike. */
export function htmlText(text: string): string {
  return visible(text).replaceAll(/[&<>"'`=]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A name in a sentence: set apart, and isolated so that its letters do not reorder what stands around it. */
export function htmlName(text: string): string {
  return `<bdi class="n">${htmlText(text)}</bdi>`;
}
