import { describe, expect, test } from 'vitest';
import { filesOfDrop, filesOfInput, tidy } from './drop.ts';

describe('what is dropped', () => {
  const paths = (...given: string[]) => tidy(given.map((path) => ({ path }))).map(({ path }) => path);

  test('loses the folders that hold everything, and junk', () => {
    expect(paths('a/b/config.json', 'a/b/c/x.json')).toEqual(['config.json', 'c/x.json']);
    expect(paths('config.json', 'a/x.json')).toEqual(['config.json', 'a/x.json']);
    expect(paths('a/x', 'ab/x')).toEqual(['a/x', 'ab/x']);
    expect(paths('a/b/only.gguf', 'a/.DS_Store', 'a/.git/config', 'a/b/._only.gguf')).toEqual(['only.gguf']);
    expect(paths('a/.github/x', 'a/.gitattributes')).toEqual(['x']);
  });

  test('must be something', () => {
    expect(() => paths('.DS_Store')).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => paths(...Array.from({ length: 10_001 }, (_, i) => `a/${i}`))).toThrow(/more than 10000/);
  });
});

type Tree = { [name: string]: Tree | string | Error };

/** Folders as browsers hand them out: a hundred entries at a time. */
function entryOf(name: string, content: Tree | string | Error, opened: string[] = []): FileSystemEntry {
  const isFile = typeof content === 'string' || content instanceof Error;
  const file = (resolve: (file: File) => void, reject: (reason: unknown) => void): void =>
    content instanceof Error ? reject(content) : resolve(new File([content as string], name));
  const createReader = () => {
    opened.push(name);
    const rest = Object.entries(content as Tree).map(([each, below]) => entryOf(each, below, opened));
    return { readEntries: (resolve: (some: FileSystemEntry[]) => void) => resolve(rest.splice(0, 100)) };
  };
  return { name, isFile, isDirectory: !isFile, file, createReader } as unknown as FileSystemEntry;
}

function drop(tree: Tree, opened: string[] = []): ReturnType<typeof filesOfDrop> {
  const items = Object.entries(tree).map(([name, content]) => ({
    kind: 'file',
    webkitGetAsEntry: () => entryOf(name, content, opened),
  }));
  return filesOfDrop({ items, files: [] } as unknown as DataTransfer);
}

describe('dropped folders', () => {
  test('are read to their ends, but not into junk', async () => {
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`${i}.json`, '{}']));
    const opened: string[] = [];
    const files = await drop({ model: { sae: many, 'config.json': '{}', '.git': { HEAD: 'x' } } }, opened);
    expect(files).toHaveLength(251);
    expect(files.map(({ path }) => path)).toContain('sae/249.json');
    expect(files.map(({ path }) => path)).toContain('config.json');
    expect(opened).not.toContain('.git');
  });

  test('that cannot be read, or never end, say so', async () => {
    await expect(drop({ a: { b: new Error('locked') } })).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('a/b'),
    });
    const deep: Tree = {};
    deep.deeper = deep;
    await expect(drop({ deep })).rejects.toMatchObject({ code: 'bad-input' });
  });

  test('single files, and folders of an input', async () => {
    expect((await drop({ 'a.gguf': 'x' })).map(({ path }) => path)).toEqual(['a.gguf']);
    const file = new File(['x'], 'config.json');
    Object.defineProperty(file, 'webkitRelativePath', { value: 'model/config.json' });
    expect(filesOfInput([file]).map(({ path }) => path)).toEqual(['config.json']);
  });

  test('browsers without entries give the files themselves', async () => {
    const transfer = {
      items: [{ kind: 'file', webkitGetAsEntry: () => null }],
      files: [new File(['x'], 'a.gguf')],
    };
    const files = await filesOfDrop(transfer as unknown as DataTransfer);
    expect(files.map(({ path }) => path)).toEqual(['a.gguf']);
  });
});
