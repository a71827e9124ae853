/**
 * A bitmap font of our own: printable ASCII, five dots wide and seven high. A glyph is seven digits of base 32,
 * one for each row from the top; the highest of its five bits is the dot at the left. `ehhvhhh` is the A.
 */
const rows =
  '0000000 4444404 aa00000 aavavaa 4fke5u4 op248j3 cik8lid 4400000 2488842 8422248 04lel40 044v440 ' +
  '0000448 000v000 00000cc 01248g0 ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888 ' +
  'ehhehhe ehhf12c 0cc0cc0 0cc0c48 248g842 00v0v00 8421248 eh12404 eh1dlle ehhvhhh uhhuhhu ehggghe ' +
  'sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e 72222ic hikokih ggggggv hrllhhh hhpljhh ehhhhhe ' +
  'uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllla hha4ahh hhha444 v1248gv e88888e ' +
  '0g84210 e22222e 4ah0000 000000v 8420000 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge 698s888 0fhhf1e ' +
  'ggmphhh 40c444e 20622ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe 00uhugg 00djf11 00mpggg 00ege1u ' +
  '88s8896 00hhhjd 00hhha4 00hhlla 00ha4ah 00hhf1e 00v248v 2448442 4444444 8442448 008l200';

export const glyphWidth = 5;
export const glyphHeight = 7;

const decode = (glyph: string): Uint8Array => Uint8Array.from(glyph, (digit) => Number.parseInt(digit, 32));

const glyphs = rows.split(' ').map(decode);
const unknown = decode('vhhhhhv');

/** The rows of a character, from the top; a box for one that the font lacks. */
export function glyphOf(character: string): Uint8Array {
  return glyphs[(character.codePointAt(0) ?? 0) - 32] ?? unknown;
}
