// A real OpenID provider for tests, on loopback: `node server.mjs PORT`. Accounts are whatever name is typed; its sign-in and consent
// pages are the library's own. It replaces a refresh token at every use, as strict providers do.
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'team',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    {
      client_id: 'dovecot',
      client_secret: 'dovecot-secret',
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: ['http://127.0.0.1/unused'],
    },
  ],
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, RefreshToken: 86400, Grant: 86400, Session: 3600, Interaction: 600 },
  scopes: ['openid', 'offline_access', 'mail'],
  claims: { openid: ['sub'] },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  cookies: { keys: ['a test needs no secret'] },
});
provider.listen(port, '127.0.0.1', () => console.log('listening'));
