// What needs files and an environment: Node, Deno and Bun.

export { folderStore } from './src/node/folder.js';
export { aws, file, githubActions } from './src/node/platforms.js';
