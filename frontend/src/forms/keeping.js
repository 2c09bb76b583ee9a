// What was typed, kept in this browser window (sessionStorage) until it is sent: signing in, a conflict or a closed page loses nothing.
const VERSION = 1;

export class Keeping {
  constructor({ thing, kind }) {
    this.key = `entity-form ${thing ?? `new ${kind.iri}`}`;
  }

  read() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.key));
      return kept?.version === VERSION ? kept : null;
    } catch {
      return null;
    }
  }

  write(kept) {
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ version: VERSION, ...kept }));
    } catch {
      // No room, or the browser keeps nothing: the page still has it.
    }
  }

  forget() {
    try {
      sessionStorage.removeItem(this.key);
    } catch {
      // There was nothing then.
    }
  }
}
