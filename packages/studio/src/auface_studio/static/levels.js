// The letters of an intensity, and what FACS calls them. The notebook's widget takes this file, too.

export const LETTERS = ["0", "A", "B", "C", "D", "E"];
export const LEVELS = ["not acting", "A, a trace", "B, slight", "C, marked", "D, severe", "E, maximal"];
