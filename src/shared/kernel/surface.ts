/** Public members of a class: what a fake has to offer. */
export type Surface<T> = Pick<T, keyof T>;
