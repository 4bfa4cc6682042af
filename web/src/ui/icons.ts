/** Our own drawings on a grid of 24: those that the first screens show. */

export const back = "M15 5l-7 7 7 7";
export const close = "M6 6l12 12M18 6L6 18";
export const send = "M12 19V6M6 11.5L12 5.5l6 6";
export const save = "M5 12.5l4.5 4.5L19 7.5";
export const plus = "M12 5v14M5 12h14";
export const more = "M12 5.5v.01M12 12v.01M12 18.5v.01";
export const search = "M10.5 17a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM15.5 15.5L20 20";
export const down = "M6 10l6 6 6-6";
export const people =
  "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM3 20c0-3.5 2.5-6 6-6s6 2.5 6 6" +
  "M15.5 4.5a3.5 3.5 0 010 6.4M17 14.4c2.4.7 4 2.8 4 5.6";
export const link =
  "M10 14l4-4M8.5 11.5l-2 2a4 4 0 005.6 5.6l2-2" +
  "M15.5 12.5l2-2a4 4 0 00-5.6-5.6l-2 2";
export const bookmark = "M7 4h10v16l-5-4-5 4z";
export const offline =
  "M3 9a14 14 0 014-2.6M21 9A14 14 0 0010.5 4.600M6.5 13a8 8 0 013-1.700" +
  "M17.5 13a8 8 0 00-1.5-1M12 18.500v.01M4 4l16 16";
export const reply = "M9.5 6.5l-5 5 5 5M5 11.5h8a6 6 0 016 6v1";
export const edit = "M5 19l1-4L16 5l3 3L9 18zM13.5 7.5l3 3";
export const flag = "M6 21V4M6 5c4-2.5 7 2 12 0v8c-5 2-8-2.5-12 0";
