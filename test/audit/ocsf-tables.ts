/**
 * Of the schema of OCSF 1.8.0, what our events use: attributes with their types, which are required, of which at least one must be there,
 * and which numbers an attribute may have. Whoever emits another attribute adds it here, from schema.ocsf.io/1.8.0.
 */
export interface OcsfTable {
  /** `[]` in front of a list; the name of an object, or text, integer, boolean or object. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly required: readonly string[];
  readonly atLeastOne: readonly string[];
  readonly numbers: Readonly<Record<string, readonly number[]>>;
}

export const ocsfClasses: Readonly<Record<string, OcsfTable>> = {
  "6003": {
    attributes: {
      time: "integer",
      src_endpoint: "network_endpoint",
      severity_id: "integer",
      type_uid: "integer",
      start_time: "integer",
      category_uid: "integer",
      actor: "actor",
      category_name: "text",
      activity_name: "text",
      status_id: "integer",
      metadata: "metadata",
      class_uid: "integer",
      activity_id: "integer",
      class_name: "text",
      resources: "[]resource_details",
      http_request: "http_request",
      status_detail: "text",
      status_code: "text",
      unmapped: "object",
      status: "text",
      api: "api",
    },
    required: [
      "activity_id",
      "actor",
      "api",
      "category_uid",
      "class_uid",
      "metadata",
      "severity_id",
      "src_endpoint",
      "time",
      "type_uid",
    ],
    atLeastOne: [],
    numbers: {
      severity_id: [0, 1, 2, 3, 4, 5, 6, 99],
      type_uid: [600300, 600301, 600302, 600303, 600304, 600399],
      category_uid: [6],
      status_id: [0, 1, 2, 99],
      class_uid: [6003],
      activity_id: [0, 1, 2, 3, 4, 99],
    },
  },
  "3002": {
    attributes: {
      time: "integer",
      src_endpoint: "network_endpoint",
      severity_id: "integer",
      user: "user",
      type_uid: "integer",
      start_time: "integer",
      category_uid: "integer",
      actor: "actor",
      service: "service",
      category_name: "text",
      activity_name: "text",
      status_id: "integer",
      metadata: "metadata",
      class_uid: "integer",
      activity_id: "integer",
      class_name: "text",
      http_request: "http_request",
      status_detail: "text",
      status_code: "text",
      is_remote: "boolean",
      unmapped: "object",
      status: "text",
    },
    required: ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid", "user"],
    atLeastOne: ["service"],
    numbers: {
      severity_id: [0, 1, 2, 3, 4, 5, 6, 99],
      type_uid: [300200, 300201, 300202, 300203, 300204, 300205, 300206, 300207, 300299],
      category_uid: [3],
      status_id: [0, 1, 2, 99],
      class_uid: [3002],
      activity_id: [0, 1, 2, 3, 4, 5, 6, 7, 99],
    },
  },
  "3004": {
    attributes: {
      entity: "managed_entity",
      time: "integer",
      src_endpoint: "network_endpoint",
      severity_id: "integer",
      type_uid: "integer",
      start_time: "integer",
      category_uid: "integer",
      actor: "actor",
      category_name: "text",
      activity_name: "text",
      status_id: "integer",
      metadata: "metadata",
      class_uid: "integer",
      activity_id: "integer",
      class_name: "text",
      http_request: "http_request",
      status_detail: "text",
      status_code: "text",
      unmapped: "object",
      status: "text",
    },
    required: ["activity_id", "category_uid", "class_uid", "entity", "metadata", "severity_id", "time", "type_uid"],
    atLeastOne: [],
    numbers: {
      severity_id: [0, 1, 2, 3, 4, 5, 6, 99],
      type_uid: [
        300400, 300401, 300402, 300403, 300404, 300405, 300406, 300407, 300408, 300409, 300410, 300411, 300412, 300413,
        300499,
      ],
      category_uid: [3],
      status_id: [0, 1, 2, 99],
      class_uid: [3004],
      activity_id: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99],
    },
  },
};

export const ocsfObjects: Readonly<Record<string, OcsfTable>> = {
  metadata: {
    attributes: {
      product: "product",
      log_name: "text",
      version: "text",
      sequence: "integer",
      correlation_uid: "text",
      uid: "text",
      original_time: "text",
    },
    required: ["product", "version"],
    atLeastOne: [],
    numbers: {},
  },
  product: {
    attributes: {
      name: "text",
      version: "text",
      vendor_name: "text",
    },
    required: [],
    atLeastOne: ["name"],
    numbers: {},
  },
  actor: {
    attributes: {
      session: "session",
      user: "user",
      app_name: "text",
      authorizations: "[]authorization",
      invoked_by: "text",
    },
    required: [],
    atLeastOne: ["user", "invoked_by", "session", "app_name"],
    numbers: {},
  },
  user: {
    attributes: {
      name: "text",
      type: "text",
      uid: "text",
      groups: "[]group",
      type_id: "integer",
    },
    required: [],
    atLeastOne: ["name", "uid"],
    numbers: {
      type_id: [0, 1, 2, 3, 4, 99],
    },
  },
  group: {
    attributes: {
      name: "text",
    },
    required: [],
    atLeastOne: ["name"],
    numbers: {},
  },
  session: {
    attributes: {
      uid: "text",
      credential_uid: "text",
    },
    required: [],
    atLeastOne: [],
    numbers: {},
  },
  authorization: {
    attributes: {
      decision: "text",
      policy: "policy",
    },
    required: [],
    atLeastOne: [],
    numbers: {},
  },
  policy: {
    attributes: {
      name: "text",
    },
    required: [],
    atLeastOne: ["name"],
    numbers: {},
  },
  api: {
    attributes: {
      version: "text",
      request: "request",
      service: "service",
      group: "group",
      response: "response",
      operation: "text",
    },
    required: ["operation"],
    atLeastOne: [],
    numbers: {},
  },
  request: {
    attributes: {
      uid: "text",
    },
    required: ["uid"],
    atLeastOne: [],
    numbers: {},
  },
  response: {
    attributes: {
      error: "text",
      code: "integer",
      error_message: "text",
    },
    required: [],
    atLeastOne: [],
    numbers: {},
  },
  service: {
    attributes: {
      name: "text",
    },
    required: [],
    atLeastOne: ["name"],
    numbers: {},
  },
  network_endpoint: {
    attributes: {
      name: "text",
      ip: "text",
    },
    required: [],
    atLeastOne: ["ip", "name"],
    numbers: {},
  },
  http_request: {
    attributes: {
      url: "url",
      x_forwarded_for: "[]text",
      user_agent: "text",
    },
    required: [],
    atLeastOne: [],
    numbers: {},
  },
  url: {
    attributes: {
      path: "text",
      query_string: "text",
    },
    required: [],
    atLeastOne: ["path"],
    numbers: {},
  },
  resource_details: {
    attributes: {
      name: "text",
      type: "text",
      version: "text",
      uid: "text",
      labels: "[]text",
      namespace: "text",
    },
    required: [],
    atLeastOne: ["name", "uid"],
    numbers: {},
  },
  managed_entity: {
    attributes: {
      name: "text",
      type: "text",
      version: "text",
      uid: "text",
    },
    required: [],
    atLeastOne: ["name", "uid"],
    numbers: {},
  },
};
