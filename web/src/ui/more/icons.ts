/** Drawings that only sheets show. */

export const person =
  "M12 11.5a4 4 0 100-8 4 4 0 000 8z" +
  "M4.5 20.5c0-4 3-6.5 7.5-6.5s7.5 2.5 7.5 6.5";
export const leave = "M10 4H5v16h5M14 8l4 4-4 4M18 12H9";
export const block = "M12 21a9 9 0 100-18 9 9 0 000 18zM5.6 5.6l12.8 12.8";
export const device = "M7 3h10v18H7zM11 18h2";
