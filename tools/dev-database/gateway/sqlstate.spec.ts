import { isLostConnection, toCommandError, unpackState } from './sqlstate.js';

const thrown = (code: string, message = 'text'): Error => Object.assign(new TypeError(message), { code });

describe('errors of the database', () => {
  it.each([
    [319029277, 'M001C'],
    [50331677, 'M0003'],
  ])('unpack %d to the state %s', (packed, state) => {
    expect(unpackState(packed)).toBe(state);
  });

  it.each([
    ['M001C', 11000, 'DuplicateKey'],
    ['23P01', 11000, 'DuplicateKey'],
    ['23505', 11000, 'DuplicateKey'],
    ['40001', 112, 'WriteConflict'],
    ['40P01', 112, 'WriteConflict'],
    ['57014', 50, 'MaxTimeMSExpired'],
    ['M00CO', 121, 'DocumentValidationFailure'],
    ['M02ZZ', 2, 'BadValue'],
    ['XX000', 1, 'InternalError'],
    ['57P01', 6, 'HostUnreachable'],
  ])('with the state %s become %d %s', (state, code, codeName) => {
    expect(toCommandError(thrown(state))).toMatchObject({ code, codeName });
  });

  it.each([
    [thrown('57P03'), true],
    [thrown('ECONNREFUSED'), true],
    [new TypeError('Connection terminated unexpectedly'), true],
    [new TypeError('Client has encountered a connection error and is not queryable'), true],
    [thrown('23505', 'terminated'), false],
    [new TypeError('anything else'), false],
  ])('tell a lost connection: %s %s', (error, expected) => {
    expect(isLostConnection(error)).toBe(expected);
  });
});
