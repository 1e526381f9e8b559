// The part of the mini-program runtime that the SDK leans on: wx.request over Node's http, storage, a file system.
// Requests to COS hosts are taken to the endpoint with their Host header kept, as a hosts file would; all others go
// where their URL says. The SDK knows https only; TLS is left off, as if it ended at a proxy before the server.

import { open, stat } from 'node:fs/promises';
import http from 'node:http';

const COS_HOST = /\.(myqcloud\.com|tencentcos\.cn)$/;

function destination(endpoint, authority) {
  const [, hostname, port] = authority.match(/^([^:]+)(?::(\d+))?$/);
  return COS_HOST.test(hostname) ? { hostname: endpoint.hostname, port: endpoint.port } : { hostname, port };
}

// The runtime documents this content type for whoever gives none.
function requestHeaders(given, authority, body) {
  const headers = { Host: authority, 'Content-Length': body.length };
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value !== undefined && value !== null) headers[name] = String(value);
  }
  if (!Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')) {
    headers['Content-Type'] = 'application/json';
  }
  return headers;
}

function bodyBytes(data) {
  if (data === undefined || data === null) return Buffer.alloc(0);
  return typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
}

// Header names are given back as the server spelled them.
function replyHeaders(reply) {
  const header = {};
  for (let i = 0; i < reply.rawHeaders.length; i += 2) header[reply.rawHeaders[i]] = reply.rawHeaders[i + 1];
  return header;
}

function request(endpoint, { url, method = 'GET', header, data, responseType, success, fail }) {
  // Not a URL object: it would resolve `.` and `..`, which are ordinary parts of a key.
  const [, authority, path] = url.match(/^https?:\/\/([^/?#]+)([^#]*)$/);
  const body = bodyBytes(data);
  const failed = (error) => fail({ errMsg: `request:fail ${error.message}` });
  let sent;
  try {
    const options = {
      ...destination(endpoint, authority),
      method,
      path,
      headers: requestHeaders(header, authority, body),
    };
    sent = http.request(options, (reply) => {
      const chunks = [];
      reply.on('data', (chunk) => chunks.push(chunk));
      reply.on('error', failed);
      reply.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const binary = responseType === 'arraybuffer';
        success({
          statusCode: reply.statusCode,
          header: replyHeaders(reply),
          data: binary ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) : bytes.toString('utf8'),
        });
      });
    });
  } catch (error) {
    setImmediate(failed, error);
    return { abort() {} };
  }
  sent.on('error', failed);
  sent.end(body);
  return { abort: () => sent.destroy() };
}

function fileSystem() {
  return {
    stat({ path, success, fail }) {
      stat(path).then(
        (stats) => {
          stats.lastAccessedTime = Math.floor(stats.atimeMs / 1000);
          stats.lastModifiedTime = Math.floor(stats.mtimeMs / 1000);
          success({ stats });
        },
        (error) => fail({ errMsg: `stat:fail ${error.message}` }),
      );
    },
    readFile({ filePath, position = 0, length, success, fail }) {
      (async () => {
        const file = await open(filePath);
        try {
          const wanted = length ?? (await file.stat()).size - position;
          const bytes = new Uint8Array(wanted);
          const { bytesRead } = await file.read(bytes, 0, wanted, position);
          return bytes.buffer.slice(0, bytesRead);
        } finally {
          await file.close();
        }
      })().then(
        (data) => success({ data }),
        (error) => fail({ errMsg: `readFile:fail ${error.message}` }),
      );
    },
  };
}

export function createWx(endpoint) {
  const storage = new Map();
  const wx = {
    request: (params) => request(endpoint, params),
    getFileSystemManager: fileSystem,
    getStorageSync: (key) => storage.get(key) ?? '',
    setStorageSync: (key, value) => void storage.set(key, value),
    removeStorageSync: (key) => void storage.delete(key),
    getAppBaseInfo: () => ({ SDKVersion: '3.0.0' }),
    getDeviceInfo: () => ({ platform: 'devtools' }),
    canIUse: (name) => Object.hasOwn(wx, name),
  };
  return wx;
}
