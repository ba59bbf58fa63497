// HTTP/1.1 over one kept-alive connection, one request at a time. `node:http` and `fetch` cost a
// load generator more per request than the servers here spend on answering one.

import { connect } from 'node:net';

export class Connection {
  #socket;
  #received = '';
  #waiting;

  /** Rejects with the socket's error, e.g. ECONNREFUSED. */
  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  constructor(socket) {
    this.#socket = socket.setEncoding('latin1');
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed before the answer')));
  }

  /** `body` is ASCII. Answers with `{ status, head, body }`, both texts as received. */
  request(method, path, headers, body = '') {
    const length = method === 'POST' ? `content-length: ${body.length}\r\n` : '';
    this.#socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${this.host}\r\n${headers}${length}\r\n${body}`);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  get host() {
    return `localhost:${this.#socket.remotePort}`;
  }

  close() {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #read(chunk) {
    this.#received += chunk;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0 || !this.#waiting) return;
    const head = this.#received.slice(0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (!length) return this.#waiting.reject(new Error(`expected an answer with content-length, got\n${head}`));
    const start = end + 4;
    const after = start + Number(length[1]);
    if (this.#received.length < after) return;
    const answer = { status: Number(head.slice(9, 12)), head, body: this.#received.slice(start, after) };
    this.#received = this.#received.slice(after);
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(answer);
  }
}
