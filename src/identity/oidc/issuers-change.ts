/** What all tokens of issuers elsewhere depend on: the configuration they were verified by. */
export const issuersChange = { kind: "issuers", namespace: "", name: "" } as const;
