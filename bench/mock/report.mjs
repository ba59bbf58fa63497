// The figures as two tables: what each provider does, and how ours stands to the better peer.

const AIMS = { start: 20, resident: 12, client_credentials: 8 };
const MIB = 2 ** 20;

export function report(providers, keys, results) {
  const of = (provider, measure) => results[provider.id][measure];
  table([
    [
      '',
      'signs with',
      'start to first token, ms',
      'resident after 1,000 tokens, MB',
      'installed',
      'client credentials /s',
      'sign-ins /s',
    ],
    ...providers.map((provider) => [
      provider.name + (provider.asItComes ? '' : ` ${provider.options[0]}`),
      keys[provider.id],
      spread(of(provider, 'start'), 1),
      spread(of(provider, 'resident'), 1),
      `${(provider.size / MIB).toFixed(1)} MB, needs ${provider.beside}`,
      spread(of(provider, 'client_credentials'), 0) ?? 'no such grant',
      spread(of(provider, 'authorization_code'), 0),
    ]),
  ]);

  const ours = (alg) => providers.find((provider) => provider.ours && provider.alg === alg);
  const peers = (belongs) => providers.filter((provider) => !provider.ours && belongs(provider));
  const pairs = [
    ['as they come', ours('RS256'), peers(({ asItComes }) => asItComes)],
    ['both ES256', ours('ES256'), peers(({ alg }) => alg === 'ES256')],
    ['both RS256', ours('RS256'), peers(({ alg }) => alg === 'RS256')],
  ];
  console.log();
  table([
    ['', 'better peer / ours, or ours / better peer: times better', 'aim'],
    ...['start', 'resident'].map((measure) => {
      const [label, own, others] = pairs[0];
      const figure = median(of(own, measure));
      const unit = measure === 'start' ? 'ms' : 'MB';
      const ratios = of(own, measure).map(
        (value, round) => Math.min(...others.map((peer) => of(peer, measure)[round])) / value,
      );
      return [
        `${measure}, ${label}`,
        spread(ratios, 1),
        `≤ ${AIMS[measure]} ${unit}: ${figure.toFixed(1)}, ${met(figure <= AIMS[measure])}`,
      ];
    }),
    ...['client_credentials', 'authorization_code'].flatMap((measure) =>
      pairs.map(([label, own, others]) => {
        const ratios = of(own, measure).map(
          (value, round) => value / Math.max(...others.flatMap((peer) => of(peer, measure)[round] ?? [])),
        );
        const aim = AIMS[measure];
        return [`${measure}, ${label}`, spread(ratios, 2), aim ? `≥ ${aim}: ${met(median(ratios) >= aim)}` : ''];
      }),
    ),
  ]);
}

const met = (condition) => (condition ? 'met' : 'MISSED');

/** Median (min–max); nothing of nothing. */
function spread(numbers, digits) {
  if (numbers.length === 0) return undefined;
  const [least, middle, most] = [Math.min(...numbers), median(numbers), Math.max(...numbers)].map((number) =>
    number.toFixed(digits),
  );
  return `${middle} (${least}–${most})`;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** In Markdown, columns aligned. */
function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [head, ...rest] = rows;
  console.log([line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n'));
}
