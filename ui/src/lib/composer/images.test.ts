import { expect, test } from 'vitest';
import { freeName, withImage, withoutImage } from './images';

const image = (name: string) => ({ name, mime: 'image/png', size: 1, blob: 'b', inline: true });

test('an image stands on a line of its own, at the caret, once', () => {
  const plan = image('plan.png');
  expect(withImage('', plan, 0)).toBe('[plan.png]\n');
  expect(withImage('See here', plan, 8)).toBe('See here\n[plan.png]\n');
  expect(withImage('Above\n\nBelow', plan, 6)).toBe('Above\n[plan.png]\nBelow');
  expect(withImage('[plan.png]', plan, 0)).toBe('[plan.png]');
  expect(withoutImage(withImage('Above\nBelow', plan, 6), plan)).toBe('Above\nBelow');
});

test('two screenshots have two names, and none ends its own marker', () => {
  expect(freeName('image.png', [])).toBe('image.png');
  expect(freeName('image.png', [image('image.png'), image('image 2.png')])).toBe('image 3.png');
  expect(freeName('plan [3].png', [])).toBe('plan 3.png');
});
