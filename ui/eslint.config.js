import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['dist', 'src/lib/paraglide', 'src/lib/api/types', 'project.inlang'] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
  },
  {
    rules: {
      // The compiler says what is undefined; types are not values.
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
      // Collections are replaced as a whole ($state.raw), or are nobody's to watch.
      'svelte/prefer-svelte-reactivity': 'off',
      // The only way to keep a space at the edge of a text.
      'svelte/no-useless-mustaches': 'off',
    },
  },
  {
    files: ['test/**', '**/*.test.ts', 'preview/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
