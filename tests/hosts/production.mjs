// To be imported before the suite's fixtures: they are a deployment's then, and not the mock's.

process.env.JETON_TARGET ??= 'serve';
