// A portal with a login: a form with a token against forged requests, a session that begins anew at the login, a home
// page, a way out. Nothing but Node's own.
//
// node portal.mjs SETTINGS: a JSON file with `port`, `password`, `token_name` (of the form's hidden field), `greeting` (of
// the home page), `home_status` and `logout_status`. All but the port is read anew for each request: a restart in the middle of somebody's journey would
// be another failure than the one that the story tells.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const read = () => JSON.parse(readFileSync(process.argv[2], 'utf8'));

// Session -> its form's token, or `true` once somebody is in.
const sessions = new Map();

const begin = (value) => {
  const session = randomUUID();
  sessions.set(session, value);
  return { 'set-cookie': `sessione=${session}; Path=/; HttpOnly; SameSite=Lax` };
};

const server = createServer((request, response) => {
  const settings = read();
  const session = /(?:^|; )sessione=([^;]*)/.exec(request.headers.cookie ?? '')?.[1];
  const answer = (status, headers, page = '') => {
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers });
    response.end(page);
  };
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    const form = new URLSearchParams(body);
    switch (`${request.method} ${request.url}`) {
      case 'GET /accesso': {
        const token = randomUUID();
        const page = `<form method=post><input type=hidden name="${settings.token_name}" value="${token}"><input name="utente">
          <input type=password name="parola"></form>`;
        return answer(200, begin(token), page);
      }
      case 'POST /accesso': {
        const known = sessions.get(session);
        sessions.delete(session);
        if (known === undefined || known !== form.get('gettone')) return answer(403, {}, 'Richiesta non valida');
        const isIn = form.get('utente') === 'sonda' && form.get('parola') === settings.password;
        // As most portals do: a page like any other, which only its words tell from success.
        if (!isIn) return answer(200, {}, 'Utente o parola errati');
        return answer(303, { ...begin(true), location: '/casa' });
      }
      case 'GET /casa':
        if (sessions.get(session) !== true) return answer(303, { location: '/accesso' });
        return answer(settings.home_status, {}, `<h1>${settings.greeting}</h1>`);
      case 'POST /uscita':
        sessions.delete(session);
        return answer(settings.logout_status, {});
      default:
        return answer(404, {});
    }
  });
});
server.listen(read().port, '127.0.0.1');
