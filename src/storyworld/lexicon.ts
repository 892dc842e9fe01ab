export type Gender = 'female' | 'male';

export interface Character {
  name: string;
  gender: Gender;
}

const female =
  'Mary Anna Emma Lily Sara Jane Kate Lucy Rose Alice Clara Helen Julia Laura Ruth Grace Nora Ella Amy Beth'.split(
    ' ',
  );
const male =
  'John Tom Ben Jack Sam Peter Paul Mark James Luke Henry David Adam Daniel Simon Frank George Robert Max Leo'.split(
    ' ',
  );

export const characters: readonly Character[] = [
  ...female.map((name): Character => ({ name, gender: 'female' })),
  ...male.map((name): Character => ({ name, gender: 'male' })),
];
export const names: readonly string[] = characters.map(({ name }) => name);

export const pronouns = {
  female: { subject: 'she', object: 'her', possessive: 'her', kind: 'girl', adult: 'woman' },
  male: { subject: 'he', object: 'him', possessive: 'his', kind: 'boy', adult: 'man' },
} as const;

export const places =
  'park school garden house river forest beach market farm kitchen library station hill village lake store'.split(
    ' ',
  );
export const objects =
  'ball book kite doll hat box cup drum lamp boat apple ring bell key coat flower toy map basket letter'.split(
    ' ',
  );
export const animals = 'dog cat bird rabbit horse fox duck mouse goat frog'.split(' ');
export const colours = 'red blue green yellow white black brown golden'.split(' ');
export const sizes = 'big small little old new tiny huge pretty'.split(' ');
export const weather = ['rained', 'snowed'] as const;
export const days = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');

/** Feelings with their sentiment; used as consequences. */
export const happy = 'happy glad proud cheerful calm'.split(' ');
export const sad = 'sad angry afraid lonely upset'.split(' ');

/** Nouns for agreement: singular, plural. */
export const agreementNouns: readonly (readonly [string, string])[] = [
  ['key', 'keys'],
  ['boy', 'boys'],
  ['girl', 'girls'],
  ['dog', 'dogs'],
  ['cat', 'cats'],
  ['teacher', 'teachers'],
  ['farmer', 'farmers'],
  ['picture', 'pictures'],
  ['box', 'boxes'],
  ['door', 'doors'],
  ['car', 'cars'],
  ['tree', 'trees'],
  ['letter', 'letters'],
  ['doctor', 'doctors'],
  ['king', 'kings'],
  ['friend', 'friends'],
  ['book', 'books'],
  ['bird', 'birds'],
  ['horse', 'horses'],
  ['painter', 'painters'],
  ['sailor', 'sailors'],
  ['flower', 'flowers'],
  ['window', 'windows'],
  ['table', 'tables'],
];

/** Words of the repeated random sequences: 200 common ones, each with a leading space in the text. */
export const sequenceWords: readonly string[] =
  `${places.join(' ')} ${objects.join(' ')} ${animals.join(' ')} ${colours.join(' ')} ${sizes.join(' ')}
 tree road door table chair window water fire stone wood paper glass bread milk sugar salt rice soup cake tea
 hand head foot eye ear nose face arm back hair king queen man woman child baby friend brother sister mother
 father teacher doctor farmer sailor painter sun moon star rain snow wind cloud night morning summer winter spring
 north south east west city town street bridge wall floor roof room bed clock shoe shirt dress glove sock
 song story game dance party gift prize race team line circle square corner point edge side top end
 run walk jump sing read write draw build carry open close push pull find keep lose give take make
 one two three four five six seven eight nine ten half many few much more less first last next
 gold silver iron wool cotton silk sand grass leaf root seed fruit corn wheat honey butter egg meat fish bone
 fast slow hot cold warm cool dark light loud quiet soft hard wet dry full empty high low near far`
    .split(/\s+/)
    .filter((word, index, all) => word !== '' && all.indexOf(word) === index)
    .slice(0, 200);

/** Argument names of the docstring register. */
export const argumentNames: readonly string[] =
  `file size mode name path data key value index count start end step limit offset width height
 color text line word list item node root tree page user group role date time year month day hour port host
 url query table row column field label title body head tail left right top bottom scale speed level state
 source target input output result error message total price rate weight score rank`
    .split(/\s+/)
    .filter((word) => word !== '');
