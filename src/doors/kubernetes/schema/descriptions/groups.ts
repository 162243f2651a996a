/** What the messages and fields outside of core/v1 are, in our own words. */
export const groupDescriptions = {
  coordinationV1: "",
  eventsV1: "",
  metaV1: "",
  rbacV1: "",
};
