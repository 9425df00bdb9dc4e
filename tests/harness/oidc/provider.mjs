// A certified OpenID provider (npm: oidc-provider) with one client, in memory, on loopback, over http.
//
// node provider.mjs SETTINGS: a JSON file with `installed` (the folder that holds node_modules), `port`, `issuer`,
// `client`, `client_secret`, `redirect_uri`, `audience` and `clock_ahead_s`. Keys are made anew at each start.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));

// Whoever runs the provider has set its clock wrong; this machine's own is left alone.
const machine = Date.now.bind(Date);
Date.now = () => machine() + settings.clock_ahead_s * 1000;

const installed = createRequire(`${settings.installed}/`).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(installed));

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const provider = new Provider(settings.issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'chiave', use: 'sig', alg: 'RS256' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  clients: [{
    client_id: settings.client,
    client_secret: settings.client_secret,
    redirect_uris: [settings.redirect_uri],
    grant_types: ['authorization_code', 'client_credentials'],
  }],
  features: {
    clientCredentials: { enabled: true },
    // Without it an access token is opaque, and nothing in it can be verified.
    resourceIndicators: {
      enabled: true,
      defaultResource: () => settings.audience,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'leggere', audience: settings.audience, accessTokenFormat: 'jwt' }),
    },
  },
});
provider.listen(settings.port, '127.0.0.1');
