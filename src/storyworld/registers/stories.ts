import {
  animals,
  type Character,
  characters,
  colours,
  days,
  happy,
  objects,
  places,
  pronouns,
  sad,
  sizes,
  weather,
} from '../lexicon.ts';
import type { Rng } from '../rng.ts';
import { Writer } from '../writer.ts';
import type { Register } from './register.ts';

interface Scene {
  rng: Rng;
  writer: Writer;
  hero: Character;
  friend: Character;
  place: string;
  object: string;
  colour: string;
  animal: string;
  mood: 'positive' | 'negative' | 'neutral';
}

const capital = (word: string): string => word[0]!.toUpperCase() + word.slice(1);

/**
 * Writes a sentence from a template. Codes: H hero, F friend, S/O/P hero's pronoun (subject, object, possessive),
 * Z/Y/X the friend's, L place, B object, C colour, M animal, J a size. A code after a full stop is capitalised.
 */
function say(
  { rng, writer, hero, friend, place, object, colour, animal, mood }: Scene,
  template: string,
): void {
  writer.with({ sentiment: mood, place });
  const [mine, theirs] = [pronouns[hero.gender], pronouns[friend.gender]];
  const person = (who: Character, role: string, form: 'name' | 'pronoun') => ({
    slot: form,
    entity: who === hero ? 'hero' : 'friend',
    name: who.name,
    gender: who.gender,
    role,
    number: 'singular',
  });
  let capitalise = true;
  let lead = writer.at > 0;
  let quoteDepth = 0;
  for (const [piece] of template.matchAll(/\s*(?:[A-Za-z]+(?:'[a-z]+)?|[^\sA-Za-z])/g)) {
    const word = piece.trim();
    const space = lead ? ' ' : piece.slice(0, piece.length - word.length);
    lead = false;
    const codes: Record<string, [string, Record<string, string>]> = {
      H: [hero.name, person(hero, 'subject', 'name')],
      F: [friend.name, person(friend, 'other', 'name')],
      S: [mine.subject, person(hero, 'subject', 'pronoun')],
      O: [mine.object, person(hero, 'object', 'pronoun')],
      P: [mine.possessive, person(hero, 'possessive', 'pronoun')],
      Z: [theirs.subject, person(friend, 'subject', 'pronoun')],
      Y: [theirs.object, person(friend, 'object', 'pronoun')],
      X: [theirs.possessive, person(friend, 'possessive', 'pronoun')],
      L: [place, { slot: 'place' }],
      B: [object, { slot: 'object' }],
      C: [colour, { slot: 'colour' }],
      M: [animal, { slot: 'animal' }],
      J: [rng.pick(sizes), { slot: 'adjective' }],
    };
    const quote = word === '"';
    const opens = quote && quoteDepth === 0;
    if (opens) quoteDepth = 1;
    const [shown, labels] = codes[word] ?? [
      word,
      { slot: quote ? (opens ? 'quote-open' : 'quote-close') : /\w/.test(word) ? 'word' : 'punctuation' },
    ];
    writer.add(space + (capitalise && /[a-z]/.test(shown[0]!) ? capital(shown) : shown), {
      ...labels,
      quoteDepth,
    });
    if (quote && !opens) quoteDepth = 0;
    capitalise = word === '.' || opens;
  }
}

const OPENINGS = [
  'One day, H went to the L.',
  'Once upon a time, there was a K named H.',
  'H was a J K who lived near the L.',
  'On W, H walked to the L with F.',
  'It was a quiet morning when H came to the L.',
  'H and F were good friends.',
  'There was a J C B in the L.',
  'In a J house near the L lived a K named H.',
];
const MIDDLES_GOOD = [
  'S found a C B and picked it up.',
  'S played with the C B all day.',
  'F gave O a J B.',
  'S saw a J M and smiled at it.',
  'H and F shared some cake.',
  'S made a J boat out of wood.',
  'The M ran to O and sat down.',
  '" Thank you, " said H to F.',
  'H helped F carry the B.',
  'S sang a song and the M danced.',
  'S gave the B to F because Z was kind.',
  'H told F a story about a J M.',
  'They walked by the water and looked at the sky.',
  '" What a J B ! " said F.',
];
const MIDDLES_BAD = [
  'But then S lost P B.',
  'The M took the B and ran away.',
  'S fell down and hurt P hand.',
  'H broke the C B.',
  'F did not want to play with O.',
  'S could not find P way home.',
  '" Where is my B ? " asked H.',
  'The wind took P hat away.',
  'S dropped the B into the water.',
  'F was late, so H waited alone.',
];
const NEUTRAL = [
  'S had a C B and a J M.',
  'The L was near the old road.',
  'F came with X M.',
  'S looked at the C door.',
  'They sat under a J tree.',
  'S put the B on the table.',
  'H asked F about the B.',
  'F opened the J box.',
  'The M slept on the floor.',
  'S went back to the L.',
  'H wore a C coat.',
  'There was a B on the table and a M under it.',
];
const REPAIRS = [
  'F found the B and gave it to O.',
  'Then F came and helped O.',
  'S looked in the L and found it again.',
  'The M brought the B back.',
  'F said sorry and gave O a new B.',
];
const ENDINGS = [
  'They went home together.',
  'S never forgot that day.',
  'From then on, H and F were friends.',
  'At night S slept well.',
  'And that was the end of the day.',
  'S took the B home.',
];

function feeling(scene: Scene, mood: 'positive' | 'negative'): void {
  scene.mood = mood;
  const word = scene.rng.pick(mood === 'positive' ? happy : sad);
  const again = mood === 'positive' && scene.rng.chance(0.3) ? ' again' : '';
  say(
    scene,
    scene.rng.pick([
      `S was ${word}${again}.`,
      `H felt very ${word}.`,
      `This made O ${word}.`,
      `S was so ${word} that S told F.`,
    ]),
  );
}

function consequence(scene: Scene): void {
  const { rng } = scene;
  scene.mood = 'neutral';
  switch (rng.below(4)) {
    case 0: {
      const fell = rng.pick(weather);
      say(
        scene,
        fell === 'rained' ? 'Then it rained and P coat got wet.' : 'Then it snowed and P hands got cold.',
      );
      break;
    }
    case 1:
      say(
        scene,
        rng.chance(0.5) ? 'S was hungry, so S ate an apple.' : 'S was thirsty, so S drank some water.',
      );
      break;
    case 2:
      say(scene, rng.chance(0.5) ? 'S was tired, so S went to bed.' : 'It was dark, so S lit a lamp.');
      break;
    default:
      say(
        scene,
        rng.chance(0.5) ? 'It was hot, so they sat in the shade.' : 'It was late, so they walked home.',
      );
  }
}

function trouble(scene: Scene): void {
  scene.mood = 'negative';
  say(scene, scene.rng.pick(MIDDLES_BAD));
  feeling(scene, 'negative');
  if (!scene.rng.chance(0.7)) return;
  scene.mood = 'positive';
  say(scene, scene.rng.pick(REPAIRS));
  feeling(scene, 'positive');
}

export const stories: Register = {
  id: 'stories',
  title: 'Stories',
  description: 'Short stories with characters, places, objects and consequences.',
  weight: 0.34,
  generate(rng) {
    const [hero, friend] = rng.sample(characters, 2) as [Character, Character];
    const writer = new Writer('stories');
    const scene: Scene = {
      rng,
      writer,
      hero,
      friend,
      place: rng.pick(places),
      object: rng.pick(objects),
      colour: rng.pick(colours),
      animal: rng.pick(animals),
      mood: 'neutral',
    };
    say(scene, rng.pick(OPENINGS).replace('K', pronouns[hero.gender].kind).replace('W', rng.pick(days)));
    const parts = rng.between(2, 5);
    for (let i = 0; i < parts; i++) {
      scene.mood = 'neutral';
      const kind = rng.unit();
      if (kind < 0.3) say(scene, rng.pick(NEUTRAL));
      else if (kind < 0.6) {
        scene.mood = 'positive';
        say(scene, rng.pick(MIDDLES_GOOD));
        if (rng.chance(0.5)) feeling(scene, 'positive');
      } else if (kind < 0.8) trouble(scene);
      else consequence(scene);
    }
    scene.mood = 'positive';
    say(scene, rng.pick(ENDINGS));
    return writer.finish();
  },
};
