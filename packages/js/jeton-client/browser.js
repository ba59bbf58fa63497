// What only browsers have.

export { browserStore } from './src/browser/store.js';
