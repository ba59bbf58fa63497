export * from '../index.js';
export * from '../introspection.js';
