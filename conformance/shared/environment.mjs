// What the runner tells every suite: where the server is and who may call it. A missing variable is an error,
// so that no suite can pass, or quietly do nothing, without a server.

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; conformance/README.md says what the runner sets`);
  return value;
}

function account(prefix) {
  return { SecretId: required(`${prefix}_SECRET_ID`), SecretKey: required(`${prefix}_SECRET_KEY`) };
}

export const environment = {
  endpoint: new URL(required('COSETTE_ENDPOINT')),
  requestLog: required('COSETTE_REQUEST_LOG'),
  root: account('COSETTE'),
  second: account('COSETTE_SECOND'),
  sub: account('COSETTE_SUB'),
};

export const APPID = '1250000000';
export const SECOND_APPID = '1250000001';

// The accounts' uins, as grants name them.
export const ROOT_UIN = '100000000001';
export const SECOND_UIN = '100000000002';
export const SUB_UIN = '100000000011';

export const principal = (owner, sub = owner) => `qcs::cam::uin/${owner}:uin/${sub}`;
