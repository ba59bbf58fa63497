// template.yaml as CloudFormation reads it, so that the tests run what is deployed.

import { readFileSync } from 'node:fs';
import { isMap, isSeq, parseDocument } from 'yaml';

const document = parseDocument(readFileSync(new URL('../../template.yaml', import.meta.url), 'utf8'), {
  logLevel: 'silent',
});
const ABSENT = Symbol('AWS::NoValue');
const PSEUDO = {
  'AWS::AccountId': '123456789012',
  'AWS::NoValue': ABSENT,
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-central-1',
  'AWS::StackName': 'jeton',
  'AWS::URLSuffix': 'amazonaws.com',
};

/**
 * What the template makes of these parameters: its resources and outputs, without those whose condition
 * does not hold. A resource's own values are written `${Name}` and `${Name.Attribute}`.
 *
 * @param {Record<string, string>} given parameters; the others have their defaults
 */
export function template(given = {}) {
  const parameters = document.get('Parameters').toJSON();
  const defaults = Object.entries(parameters).map(([name, { Default }]) => [name, String(Default)]);
  const named = { ...PSEUDO, ...Object.fromEntries(defaults), ...given };
  const known = (name) => (name in named ? named[name] : `\${${name}}`);
  const holds = (name) => value(document.getIn(['Conditions', name], true));
  const functions = {
    And: (all) => all.every(Boolean),
    Condition: holds,
    Equals: ([a, b]) => String(a) === String(b),
    GetAtt: (name) => `\${${name}}`,
    Not: ([condition]) => !condition,
    Ref: known,
    Sub: (text) => text.replaceAll(/\$\{([^}]+)\}/g, (_, name) => known(name)),
  };

  /** The value of a node, its functions called. */
  function value(node) {
    if (node.tag === '!If') {
      const [condition, then, otherwise] = node.items;
      return value(holds(condition.value) ? then : otherwise);
    }
    const plain = isMap(node) ? mapping(node) : isSeq(node) ? sequence(node) : node.value;
    if (!node.tag?.startsWith('!')) return plain;
    const called = functions[node.tag.slice(1)];
    if (called === undefined) throw new Error(`template.yaml: ${node.tag} is not known here`);
    return called(plain);
  }
  const sequence = ({ items }) => items.map(value).filter((item) => item !== ABSENT);
  const mapping = ({ items }) =>
    Object.fromEntries(items.map((pair) => [pair.key.value, value(pair.value)]).filter(([, item]) => item !== ABSENT));

  const section = (name) => {
    const made = document.get(name).items.filter(({ value: node }) => {
      const condition = node.get('Condition');
      return condition === undefined || holds(condition);
    });
    return Object.fromEntries(made.map((pair) => [pair.key.value, value(pair.value)]));
  };
  return { Parameters: parameters, Resources: section('Resources'), Outputs: section('Outputs') };
}

/** The `Properties` of the resource `name`, with the defaults of all parameters. */
export function properties(name) {
  const resource = template().Resources[name];
  if (resource === undefined) throw new Error(`template.yaml has no resource ${name}`);
  return resource.Properties;
}
