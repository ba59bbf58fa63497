// Every credential that a run sends or receives, so that logs can be shown to hold none.

process.env.JETON_TARGET ??= 'serve';

export const { collect, isSecret, remembered, searcher } = await import('../../suite/support/credentials.mjs');
