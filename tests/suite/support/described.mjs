// Every answer of a run whose endpoint an OpenAPI document describes, to be held to that document once all
// rows have been asked.

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const exchanges = [];

/** Notes one exchange. */
export function note({ method, path }, { status, headers, text }) {
  // Of hosts whose issuer has a path.
  if (status === 404 && text.includes('there is no such endpoint')) return;
  // A gateway's own, where the process behind it was ended.
  if (status === 502) return;
  exchanges.push({ method, path: path.split('?')[0], status, type: headers['content-type'], text });
}

/** A member's name within a JSON pointer in a URL (RFC 6901 §6). */
const escaped = (step) => encodeURIComponent(step.replace(/~/g, '~0').replace(/\//g, '~1'));

/** What a document says of answers. */
export class Description {
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(this.ajv);
    this.ajv.addSchema({ ...document, $id: 'document' });
    this.paths = Object.keys(document.paths).map((path) => ({
      path,
      pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    }));
  }

  /** What is wrong with an answer; undefined where nothing is, or where the document does not describe it. */
  fault({ method, path, status, type, text }) {
    // A path without parameters goes before one with.
    const found = this.paths.find((own) => own.path === path) ?? this.paths.find((own) => own.pattern.test(path));
    const operation = found && this.document.paths[found.path][method.toLowerCase()];
    if (operation === undefined) return undefined;
    const own = operation.responses[status];
    if (own === undefined) return 'the status is not described';
    const [at, response] = own.$ref
      ? [own.$ref.slice(2).split('/'), this.resolve(own.$ref)]
      : [['paths', found.path, method.toLowerCase(), 'responses', String(status)], own];
    const expected = Object.keys(response.content ?? {})[0];
    if (expected === undefined) return text === '' ? undefined : 'it has a body';
    if (!type?.startsWith(expected)) return `it is ${type}, not ${expected}`;
    if (expected !== 'application/json') return undefined;
    const pointer = [...at, 'content', expected, 'schema'].map(escaped).join('/');
    const schema = this.ajv.getSchema(`document#/${pointer}`);
    return schema(JSON.parse(text)) ? undefined : this.ajv.errorsText(schema.errors);
  }

  /** The operations that were asked, as `METHOD path`, and what is wrong with their answers. */
  judge() {
    const asked = new Set();
    const faults = new Set();
    for (const exchange of exchanges) {
      const { method, path, status, text } = exchange;
      const fault = this.fault(exchange);
      if (fault) faults.add(`${method} ${path}: ${status} ${text.slice(0, 200)}: ${fault}`);
      const found = this.paths.find((own) => own.path === path) ?? this.paths.find((own) => own.pattern.test(path));
      if (found) asked.add(`${method} ${found.path}`);
    }
    return { asked, faults: [...faults] };
  }

  /** The operations that the document describes. */
  operations() {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  resolve($ref) {
    return $ref
      .slice(2)
      .split('/')
      .reduce((found, step) => found[step], this.document);
  }
}
