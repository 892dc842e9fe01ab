export * from '../../shared/visible-text.ts';
