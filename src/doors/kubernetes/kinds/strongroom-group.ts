/** The API group of this product's own kinds. */
export const strongroomGroup = "strongroom.dev";
