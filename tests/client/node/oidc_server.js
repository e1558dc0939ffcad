// A provider of OpenID Connect, from npm, on a free port, with a sign-in form that takes any password. Says its issuer on standard
// output. The argument is where the browser goes back to.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const groups = ['builders', 'all*'];
const server = createServer().listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'drover', client_secret: 'a secret: with letters/of all+kinds', redirect_uris: [process.argv[2]] }],
    claims: { profile: ['preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'groups'],
    conformIdTokenClaims: false,
    cookies: { keys: ['of a test'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, groups }) }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
