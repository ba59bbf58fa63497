/** An access token, which is not printed with the rest. */
export class AccessToken {
  #access_token;

  constructor({ access_token, token_type, expires_at, scope }) {
    this.#access_token = access_token;
    Object.assign(this, { token_type, expires_at, scope });
  }

  get access_token() {
    return this.#access_token;
  }
}

/** How far a clock may be set back before what it said of a token no longer counts, in seconds. */
const SET_BACK = 60;

export const isValid = ({ since, expires_at }, now) => now < expires_at && now > since - SET_BACK;
