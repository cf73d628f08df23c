export * from './cidr.js';
export * from './logs.js';
export * from './policies.js';
export * from './sg.js';
export * from './state.js';
export * from './types.js';
export * from './utils.js';
export * from './validate.js';
