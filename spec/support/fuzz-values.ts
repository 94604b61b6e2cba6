import { gzipSync } from 'node:zlib'

/** Hostile JSON values as text: some of them no JavaScript value could say. Source: ATTACKS J13, J14, J17, J19. */
export const JSON_VALUES: readonly string[] = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1.5', '1e308', '-1e308', '1e999', '-1e999', '2147483648', '1e-400'],
  ...['9223372036854775807', '9223372036854775808', '9007199254740993', '1e21', '31536001', '7199', '7200.5'],
  ...['""', '" "', '"\\t\\n"', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"x\\udc00"', '"\\udfff\\ud800"', '"\\ufffe"', '"\\ufeffx"'],
  ...['"💥🇮🇹"', '"e\\u0301\\u0301\\u0301"', '"\\u202eevil"', '"مرحبا"', '"ﬃ İ ı ß"', '"\\u2028"', '"\\u0007\\u001b[31m"', '"ÅÅ"'],
  ...['"\'; drop table roles; --"', '"\' or \'1\'=\'1"', '"$1"', '"?"', '"??"', '":id"', '"$$;select 1$$"', '"\\\\"', '"%_%_%_%_%"'],
  ...['"<script>alert(1)</script>"', '"=cmd|\' /C calc\'!A0"', '"javascript:alert(1)"', '"data:text/html,x"', '"../../../etc/passwd"'],
  ...['"__proto__"', '"constructor"', '"toString"', '"hasOwnProperty"', '"then"', '"undefined"', '"NaN"', '"Infinity"', '"null"'],
  ...['"{{7*7}}"', '"${7*7}"', '"%00"', '"%ff"', '"%n%s%x"', '"a@b"', '"a@b.c,d@e.f"', '"@@@@@@@@@@"', '"a@[127.0.0.1]"', '"A@EXAMPLE.COM."'],
  ...['"http://localhost/"', '"https://u:p@example.com"', '"https://*.example.com"', '"https://example.com/#x"', '"http://[::ffff:127.0.0.1]/"'],
  ...['"0000-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59.999999999Z"', '"2026-02-30T25:61:61Z"', '"2026-01-01"'],
  ...['"0000-01-01T00:00:00+14:00"', '"+275760-09-13T00:00:00.000Z"', '"-000001-01-01T00:00:00Z"', '"infinity"', '"epoch"', '"now"'],
  ...['[]', '{}', '[[]]', '[null]', '[{}]', '{"a":1}', '["a","a"]', '[1,"a",null,{}]', '{"":""}', '{"a":{"b":{"c":[]}}}'],
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '{"prototype":{"polluted":1}}', '{"\\u0000":1}'],
  ...['{"$ne":null}', '{"$gt":""}', '{"toString":1}', '{"toJSON":1}', '{"then":1}', '{"length":-1}', '{"valueOf":{}}', '{"\\ud800":1}'],
  ...['{"id":"AAAAAAAAAA","type":"roles"}', '{"type":"roles","id":""}', '{"data":null}', '{"data":{"type":"roles"}}', '{"type":1,"id":2}'],
  ...['{"data":[{"type":"roles","id":"AAAAAAAAAA"}]}', '{"a":1e400}', '{"a":12345678901234567890}', '{"a":0.1e-310}', '{"a/b~c":1}'],
  `${'['.repeat(40)}${']'.repeat(40)}`,
  `${'{"a":'.repeat(17)}1${'}'.repeat(17)}`,
  `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`,
  JSON.stringify('x'.repeat(256)),
  JSON.stringify('ü'.repeat(5_000)),
  JSON.stringify(Array.from({ length: 2_000 }, (_, index) => index)),
  JSON.stringify(Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, index]))),
]

/** The same for the few requests that may be large. */
export const HUGE_VALUES: readonly string[] = [
  JSON.stringify('x'.repeat(1_000_000)),
  JSON.stringify('💥'.repeat(250_000)),
  JSON.stringify(`${'a@'.repeat(100_000)}b.c`),
  JSON.stringify('('.repeat(300_000)),
  JSON.stringify({ a: 'y'.repeat(900_000) }),
  `[${'0,'.repeat(300_000)}0]`,
  `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  JSON.stringify('z'.repeat(1_200_000)),
]

/** Whole bodies that are no document. */
export const RAW_BODIES: readonly (string | Buffer)[] = [
  ...['{', '}', '[]', '{}', 'null', '"x"', '1', ' ', '\u0000', 'data=1', '<xml/>', '{"data":}', "{'data':1}", '{"data":{}}', '{"data":[]}', '{"data":null}'],
  ...['{"data":{"type":"roles"},"data":{"type":"users"}}', '{"data":{"type":"roles","type":"users"}}', '\ufeff{"data":null}', '{"data":1}//', '{"data":NaN}'],
  ...['{"errors":[]}', '{"meta":{}}', '{"meta":[]}', '{"data":{},"extra":1}', '{"atomic:operations":[]}', '{"__proto__":{"data":{}}}', '{"data":{"__proto__":{}}}'],
  ...['{"meta":{"confirm":{}}}', '{"meta":{"reassign_to":["a"]}}', '{"meta":{"reassign_to":"\' or 1=1"}}', '{"meta":{"confirm":null}}', '{"meta":1}'],
  Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
  Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from([0x80]),
  gzipSync('{"data":null}'),
]

/** Ids of paths, as they stand on the wire. Source: ATTACKS H5, J13. */
export const PATH_IDS: readonly string[] = [
  ...['%00', '%ff', '%2e%2e', '..', '.', '%2f', '%2e', '%', '%zz', '%0a', '%0d%0aX-Evil:%201', '%20', '+', ';x', '~', '-', '_', '*', '@', '!'],
  ...['null', 'undefined', 'NaN', '0', '-1', '1e999', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'relationships', 'new', ':id', '{id}'],
  ...["'", "'%20or%20'1'='1", '1;drop%20table%20roles', '%F0%9F%92%A5', '%C0%AF', '%ED%A0%80', 'AAAAAAAAAA', 'aaaaaaaaa', 'aaaaaaaaaaa', 'aaaaa%00aaaa', 'AAAAAAAAA%0a'],
  ...['..%2f..%2fetc%2fpasswd', '..%5c..', 'a.json', 'a,b', '[]', '%5B%5D', 'a'.repeat(300), '9'.repeat(5_000), '%41'.repeat(2_000)],
]

/** Values of query parameters, as they stand on the wire. */
export const QUERY_VALUES: readonly string[] = [
  ...['', '%00', '%ff', '%', '%zz', '%ED%A0%80', '+', '%2B', '0', '-1', '1.5', '1e9', '1e999', '9223372036854775808', 'NaN', 'true', 'false', 'null', 'undefined'],
  ...["'", "'%20or%20'1'='1", '%27;drop%20table%20roles;--', '1)', '%22', '%5C', '%25', '%25_%25_%25_%25_%25', '_', '%3Cscript%3E', '%F0%9F%92%A5', ',', ',,,', '-', '--', '.'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'id', '-id', 'id,id', 'name', 'role.role.role', 'organization.roles.organization.roles', '{}', '[]', '%7B%7D'],
  ...['%7B%22a%22:1%7D', '%7B%22__proto__%22:1%7D', '%7B%22a%22:%22%5Cu0000%22%7D', '%7B%22a%22:1e999%7D', '%22%5Cud800%22', '%7B%22a%22:%22%5Cud800%22%7D', '1e-400', '%5B%5B%5B'],
  ...['2026-01-01', '0000-01-01', '2026-01-01T00:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-02-31', '+275760-09-13', '0001-01-01T00:00:00+14:00'],
  ...['2147483648', '-2147483649', '999999999999999', '0x10', '1,2,3', 'a,'.repeat(99), 'a,'.repeat(101), 'x'.repeat(1_001), 'x'.repeat(5_000), '%5B'.repeat(300)],
  ...['organization,role,permissions', 'versions', 'client_secret', 'password_hash', 'roles,roles,roles', '-created_at,created_at', 'name%20desc', 'id;select', '(select%201)'],
]

/** Whole query strings. Source: ATTACKS J12, J17, J22. */
export const QUERIES: readonly string[] = [
  ...['?', '&', '&&&&', '=', '=&=', '?=?', '%', '%=%', '%00=1', '%ff=1', '#x', 'a=b&a=c', 'x', '__proto__=1', '__proto__[x]=1', 'constructor[prototype][x]=1'],
  ...['include', 'include=', 'include[]=role', 'include[a]=role', 'include=role&include=role', 'include=%00', 'Include=role', 'sort[]=id', 'sort=id&sort=-id', 'sort[a]=b', 'sort'],
  ...['fields', 'fields=name', 'fields[]=name', 'fields[roles][]=name', 'fields[roles][a]=name', 'fields[__proto__]=x', 'fields[constructor]=x', 'fields[ROLES]=name', 'fields[roles', 'fields]roles[=x'],
  ...['fields[roles]=&fields[roles]=name', 'fields[roles]=id,id,id', 'fields[roles]=created_at,secret', 'fields[users]=password_hash', 'fields[api_credentials]=client_secret', 'fields[%72oles]=name'],
  ...['page', 'page=1', 'page[]=1', 'page[number]', 'page[number]=0', 'page[number]=-1', 'page[number]=1.5', 'page[number]=1e9', 'page[number]=9223372036854775808', 'page[number]=999999999'],
  ...['page[size]=0', 'page[size]=101', 'page[size]=26', 'page[size]=-1', 'page[size]=%00', 'page[size]=1%27', 'page[number][a]=1', 'page[offset]=1', 'page[number]=1&page[number]=2', 'page[number]=100000&page[size]=10'],
  ...['filter', 'filter=x', 'filter[]=x', 'filter[q]', 'filter[q]=x', 'filter[q][]=x', 'filter[name]=x', 'filter[q][name]=x', 'filter[q][_eq]=x', 'filter[q][eq]=x', 'filter[q][name_eq][]=x', 'filter[q][name_eq][a]=x'],
  ...['filter[q][__proto___eq]=x', 'filter[q][constructor_eq]=x', 'filter[q][name_or__or__eq]=x', 'filter[q][client_secret_start]=a', 'filter[q][password_hash_cont]=a', 'filter[q][id_gt]=a', 'filter[q][metadata_jcont]=x'],
  ...['filter[q][metadata_jcont]=%7B%22a%22:%22%5Cu0000%22%7D', 'filter[q][metadata_jcont]=1', 'filter[q][metadata_jcont]=%5B%5D', 'filter[q][metadata_eq]=x', 'filter[q][created_at_gt]=x', 'filter[q][created_at_in]=2026-01-01,x'],
  ...['filter[q][created_at_gt]=0000-01-01T00:00:00Z', 'filter[q][updated_at_lteq]=9999-12-31T23:59:59Z', 'filter[q][reference_matches]=%25%25%25%25%25', 'filter[q][reference_matches]=%5C', 'filter[q][reference_null]=maybe'],
  `filter[q]${'[a]'.repeat(20)}=1`,
  `filter${'[a]'.repeat(500)}=1`,
  `include=${'organization.roles.'.repeat(200)}roles`,
  `include=${Array.from({ length: 500 }, () => 'organization').join(',')}`,
  `filter[q][${Array.from({ length: 300 }, () => 'name').join('_or_')}_eq]=x`,
  `sort=${Array.from({ length: 500 }, (_, index) => `k${index}`).join(',')}`,
  Array.from({ length: 1_000 }, () => 'sort=id').join('&'),
  Array.from({ length: 1_500 }, (_, index) => `k${index}=1`).join('&'),
  Array.from({ length: 60 }, (_, index) => `filter[q][reference_or_id_${index % 2 ? 'eq' : 'cont'}]=x${index}`).join('&'),
]

type Headers = Readonly<Record<string, string>>

const JSON_API = 'application/vnd.api+json'
const unsigned = (header: object): string =>
  `${[header, { iss: 'https://auth.gatehouse.test', exp: 9e9 }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`

/** Headers that take the place of the good ones. Source: ATTACKS J18, T10, H2, H3. */
export const HEADERS: readonly Headers[] = [
  ...['text/plain', 'application/json', 'text/html', `${JSON_API}; charset=utf-8`, `${JSON_API};q=0`, `${JSON_API};q=NaN`, `${JSON_API}; ext="x"`, '*/*;q=0', ',,,', ';', '"', '\\', 'x'.repeat(4_000)].map((accept) => ({ accept })),
  ...['', 'text/plain', 'application/json', 'APPLICATION/VND.API+JSON', `${JSON_API}; charset=utf-8`, `${JSON_API}; charset=utf-16`, `${JSON_API}; profile="x"`, `${JSON_API}; ext="y"`, 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', ';', '"', `${JSON_API}, ${JSON_API}`, 'x'.repeat(4_000)].map((type) => ({ 'content-type': type })),
  ...['', 'Bearer', 'Bearer ', 'bearer x', 'Bearer a.b.c', 'Bearer ..', 'Bearer ....', 'Basic x', 'Basic ', 'Basic OjpA', `Basic ${Buffer.from('\u0000:\u0000').toString('base64')}`, 'Digest a="b"', 'Bearer %00', 'Bearer "', `Bearer ${'a'.repeat(6_000)}`, `Bearer ${'a.'.repeat(2_000)}`, `Bearer ${unsigned({ alg: 'none' })}`, `Bearer ${unsigned({ alg: 'RS512', kid: '../../etc/passwd' })}`, `Bearer ${unsigned({ alg: 'HS512', kid: "' or 1=1" })}`, `Bearer ${unsigned({ alg: 'RS512', kid: { a: 1 }, jku: 'http://localhost' })}`].map((authorization) => ({ authorization })),
  ...['gzip', 'deflate', 'br', 'identity', 'x', 'gzip, gzip', ''].map((coding) => ({ 'content-encoding': coding })),
  ...['%00', '\u00e9', 'x'.repeat(500), "'; drop table roles; --", '<script>', '', '{}'].map((id) => ({ 'x-request-id': id })),
  { 'x-http-method-override': 'DELETE' },
  { 'if-match': '*', 'if-none-match': '"x"' },
  { range: 'bytes=0-1' },
  { expect: '200-ok' },
  { host: 'evil.test:99999' },
  { host: '' },
  { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test', 'x-forwarded-for': "1.1.1.1, ' or 1=1" },
  { origin: 'null' },
  { cookie: `a=${'b'.repeat(3_000)}` },
  { 'accept-version': 'v9' },
  { 'idempotency-key': '\u00ff' },
  { upgrade: 'h2c', connection: 'Upgrade' },
]

/** Methods that an endpoint may not have. */
export const METHODS: readonly string[] = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PURGE', 'LINK', 'PROPFIND', 'M-SEARCH']
