// How smooth the feature map is at 25,000 points: times between frames while it is zoomed, moved and pointed at.
// Usage: npm run build && npm run preview -- --port 4273, then node bench/map-frames.mjs [http://127.0.0.1:4273/] [points]
// The map is synthetic and put where the page keeps maps; everything the page does with it is as always. Colours and labels
// are those of the bundled dictionary, whose features the points repeat.
import { chromium } from '@playwright/test';
import { existsSync } from 'node:fs';

const [address = 'http://127.0.0.1:4273/', size = '25000'] = process.argv.slice(2);
const POINTS = Number(size);
const installed = process.env.FACET_CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({
  ...(existsSync(installed) ? { executablePath: installed } : { channel: 'chromium' }),
  args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--no-sandbox'],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
await page.goto(`${address}#/features?tab=map`);
const picture = page.getByRole('application', { name: /^Map of/ });
const kept = page.getByText('true neighbours,');
await kept.waitFor({ timeout: 300_000 });

// The same name, another map.
await page.evaluate(async (points) => {
  const request = indexedDB.open('facet-maps');
  const database = await new Promise((done) => (request.onsuccess = () => done(request.result)));
  const store = () => database.transaction('maps', 'readwrite').objectStore('maps');
  const [name] = await new Promise((done) => {
    const names = store().getAllKeys();
    names.onsuccess = () => done(names.result);
  });
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  const k = 14;
  const positions = new Float32Array(2 * points);
  for (let at = 0; at < points; at++) {
    const island = at % 60;
    const away = Math.sqrt(-2 * Math.log(1 - random()));
    const turn = 2 * Math.PI * random();
    positions[2 * at] = 9 * Math.cos(island) * Math.sqrt(island / 60) + 0.8 * away * Math.cos(turn);
    positions[2 * at + 1] = 9 * Math.sin(island) * Math.sqrt(island / 60) + 0.8 * away * Math.sin(turn);
  }
  const map = {
    made: Date.now(),
    features: Uint32Array.from({ length: points }, (_, at) => at % 2048),
    positions,
    kept: 0.5,
    k,
    indices: Uint32Array.from({ length: points * k }, () => Math.floor(random() * points)),
    cosines: new Float32Array(points * k).fill(0.5),
  };
  await new Promise((done) => (store().put(map, name).onsuccess = done));
}, POINTS);
await page.reload();
await kept.waitFor({ timeout: 120_000 });
const read = page.getByRole('button', { name: 'Read texts to colour by' });
await read.click();
await read.waitFor({ state: 'detached' });
await page.locator('.map-ramp').waitFor({ timeout: 300_000 });
await page.getByRole('progressbar').waitFor({ state: 'detached', timeout: 300_000 });

/** Times between frames, and what the main thread did in them, while `act` goes on. */
async function measured(what, act) {
  await page.evaluate(() => {
    const times = [];
    globalThis.frameTimes = times;
    globalThis.going = true;
    const next = (now) => {
      times.push(now);
      if (globalThis.going) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await act();
  const times = await page.evaluate(() => {
    globalThis.going = false;
    return globalThis.frameTimes;
  });
  const gaps = times
    .slice(1)
    .map((time, i) => time - times[i])
    .sort((a, b) => a - b);
  const at = (share) => gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))].toFixed(1);
  console.log(
    `${what.padEnd(10)} ${gaps.length} frames: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${at(1)} ms`,
  );
}

const box = await picture.boundingBox();
const middle = [box.x + box.width / 2, box.y + box.height / 2];
console.log(
  `${await picture.getAttribute('aria-label')}, ${Math.round(box.width)} × ${Math.round(box.height)}`,
);
await page.mouse.move(...middle);
await measured('at rest', () => page.waitForTimeout(2000));
await measured('zooming', async () => {
  for (let i = 0; i < 120; i++) await page.mouse.wheel(0, i < 60 ? -40 : 40);
});
await page.keyboard.press('0');
await page.mouse.down();
await measured('moving', async () => {
  for (let i = 0; i < 120; i++)
    await page.mouse.move(middle[0] + 150 * Math.sin(i / 12), middle[1] + 100 * Math.cos(i / 12));
});
await page.mouse.up();
await measured('pointing', async () => {
  for (let i = 0; i < 120; i++)
    await page.mouse.move(middle[0] + 200 * Math.sin(i / 20), middle[1] + 150 * Math.cos(i / 9));
});
await browser.close();
