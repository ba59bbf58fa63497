// The mock of Jeton from a test: a process, its issuers, and what they are told to do.

export { MockError } from './src/http.js';
export { decode } from './src/jwt.js';
export { connectMock } from './src/mock.js';
export { startMock } from './src/start.js';
